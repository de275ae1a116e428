import { expect } from 'vitest'
import { browserTest } from './chromium.ts'
import {
  countRequests,
  diagram,
  press,
  says,
  signedIn,
  signedOut,
  signIn,
  signUp,
  tokenRunsOut,
} from './live-page.ts'

browserTest(
  'signing up, and later signing in, opens a session whose refresh token is in a cookie alone',
  async (visit) => {
    const page = await visit.open()
    await signUp(page)
    await press(page, 'Sign out')
    await signedOut(page)
    await signIn(page)

    const cookies = await visit.context.cookies()
    expect(cookies).toMatchObject([
      { name: '__Host-latchkey', httpOnly: true, secure: true, sameSite: 'Strict', path: '/' },
    ])
    expect(await diagram(page)).toContainEqual(
      'Latchkey to Browser: 200 OK, new access token, new HttpOnly cookie',
    )
  },
)

browserTest(
  'a call that meets an expired token is renewed and repeated, and the user notices nothing',
  async (visit) => {
    const page = await visit.open()
    await signUp(page)
    await press(page, 'Let the token run out')
    await tokenRunsOut(page)
    await press(page, 'Call the API')
    await says(page, 'The API answered.')

    expect((await diagram(page)).slice(-6)).toEqual([
      'Browser to Your API: GET /dev/api/time, access token that ran out, as Bearer',
      'Your API to Browser: 401 TOKEN_EXPIRED, so the client renews it and asks again',
      'Browser to Latchkey: POST /auth/refresh, refresh token, in the HttpOnly cookie',
      'Latchkey to Browser: 200 OK, new access token, new HttpOnly cookie',
      'Browser to Your API: again: GET /dev/api/time, access token, as Bearer',
      'Your API to Browser: 200 OK',
    ])
  },
)

browserTest(
  'nothing is renewed while nobody asks; many calls after the token ran out make one refresh',
  async (visit) => {
    const page = await visit.open()
    await signUp(page)
    const refreshes = countRequests(page, '/auth/refresh')
    const calls = countRequests(page, '/dev/api/time')
    await tokenRunsOut(page)
    expect(refreshes.count).toBe(0)
    await press(page, 'Make ten calls at once')
    await says(page, 'The API answered all 10 calls.')
    expect([refreshes.count, calls.count]).toEqual([1, 10])
  },
)

browserTest('reloading the page keeps the user signed in', async (visit) => {
  const page = await visit.open()
  await signUp(page)
  await page.reload()
  await signedIn(page)
  await page.getByText('ada@example.com').first().waitFor()
})

browserTest(
  'a second tab shares the session, also when both meet the end of the token at once',
  async (visit) => {
    const first = await visit.open()
    await signUp(first)
    const opened = visit.context.waitForEvent('page')
    await first.getByRole('link', { name: 'Open a second tab' }).click()
    const second = await opened
    await signedIn(second)

    await Promise.all([tokenRunsOut(first), tokenRunsOut(second)])
    await Promise.all([first, second].map((tab) => press(tab, 'Make ten calls at once')))
    await Promise.all([first, second].map((tab) => says(tab, 'The API answered all 10 calls.')))
    expect(await second.getByRole('button', { name: /^End the session/ }).count()).toBe(1)
  },
)

browserTest('signing out in one tab ends the session in the other too, for good', async (visit) => {
  const [first, second] = [await visit.open(), await visit.open()]
  await signUp(first)
  await signedIn(second)
  await press(second, 'Sign out')
  await Promise.all([signedOut(first), signedOut(second)])
  // The page forgets at once; the cookie goes with the answer.
  await expect.poll(() => visit.context.cookies()).toEqual([])
  await first.reload()
  await signedOut(first)
})
