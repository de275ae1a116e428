import { expect } from 'vitest'
import { browserTest, PASSWORD } from './chromium.ts'
import { chooseSignIn, diagram, press, says, signedIn, signedOut, signIn, signUp } from './live-page.ts'

browserTest('replaying an old refresh token ends the session, and the page says why', async (visit) => {
  const page = await visit.open()
  await signUp(page)
  await press(page, 'Replay an old token')
  await signedOut(page)
  await says(page, 'The service ended the whole session at once.')
  expect((await diagram(page)).slice(-4)).toEqual([
    'Latchkey: a thief sends an old refresh token: 401 REFRESH_REUSED',
    'Browser to Latchkey: POST /auth/refresh, refresh token, in the HttpOnly cookie',
    'Latchkey to Browser: 401 SESSION_REVOKED, nothing of this session works any more',
    'Browser: signed out',
  ])
})

browserTest(
  'no script of the page can reach a token: not in storage, not in cookies, not on window',
  async (visit) => {
    const page = await visit.open()
    await signUp(page)
    await press(page, 'Refresh now')
    await says(page, 'A new access token')
    const [cookie] = await visit.context.cookies()
    const reach = await page.evaluate(async () => {
      const own = Object.getOwnPropertyNames(window).map((name) => String(Reflect.get(window, name)))
      const databases = await indexedDB.databases()
      return [
        { ...localStorage },
        { ...sessionStorage },
        document.cookie,
        databases,
        own,
        document.body.outerHTML,
      ]
    })
    const text = JSON.stringify(reach)
    expect(cookie?.value.length).toBeGreaterThan(20)
    expect(text).not.toContain(cookie?.value)
    expect(text).not.toMatch(/eyJ[\w-]+\.eyJ/)
  },
)

browserTest('a session of another browser can be ended from the list', async (visit) => {
  const page = await visit.open()
  await signUp(page)
  const other = await visit.openElsewhere()
  await signIn(other)

  await press(page, 'Update the list')
  await page.getByRole('button', { name: /^End the session: (?!.*this one)/ }).click()
  await says(page, 'That session is over.')
  await press(other, 'Refresh now')
  await signedOut(other)
  await says(other, 'This session was ended from your list of sessions.')
})

browserTest('wrong credentials are said in plain words, beside the form', async (visit) => {
  const page = await visit.open()
  await chooseSignIn(page)
  await page.getByLabel('E-mail address').fill('nobody@example.com')
  await page.getByRole('textbox', { name: 'Password' }).fill(PASSWORD)
  await press(page, 'Sign in')
  await page.getByRole('alert').getByText('do not belong together').waitFor()
})

browserTest('the page can be used without a mouse, and always shows where the focus is', async (visit) => {
  const page = await visit.open()
  await signUp(page)
  await press(page, 'Sign out')
  await signedOut(page)
  await page.reload()
  await signedOut(page)

  const focus = () =>
    page.evaluate(() => {
      const element = document.activeElement as HTMLElement
      const isChoice = element.matches('.ways input')
      const shown = isChoice ? (element.nextElementSibling as HTMLElement) : element
      const { outlineStyle } = getComputedStyle(shown)
      return { id: element.id, name: element.textContent, isChoice, outline: outlineStyle }
    })
  type Focus = Awaited<ReturnType<typeof focus>>
  const tabTo = async (isThere: (at: Focus) => boolean) => {
    for (let step = 0; step < 30; step++) {
      await page.keyboard.press('Tab')
      const at = await focus()
      expect(at, 'the focus is not visible').toMatchObject({ outline: 'solid' })
      if (isThere(at)) return
    }
    throw new Error('not reached by keyboard')
  }

  await tabTo(({ name }) => name === 'API')
  await tabTo(({ isChoice }) => isChoice)
  await page.keyboard.press('ArrowRight')
  await tabTo(({ id }) => id === 'email')
  await page.keyboard.type('ada@example.com')
  await tabTo(({ id }) => id === 'password')
  await page.keyboard.type(PASSWORD)
  await page.keyboard.press('Enter')
  await signedIn(page)
  await tabTo(({ name }) => name === 'Call the API')
  await page.keyboard.press('Enter')
  await says(page, 'The API answered.')
})
