import type { Locator, Page } from 'playwright-core'
import { expect } from 'vitest'
import { appTest, type ServedUser } from './app.ts'

const ADA = 'signed-in ada@example.com'

appTest('under StrictMode a page that is loaded makes exactly one refresh', async (app) => {
  const first = await app.open({ scene: 'account' })
  await signUp(first)
  expect(await effects(first)).toBe(2)
  expect(app.requests('/auth/refresh')).toBe(1)

  const page = await app.open({ scene: 'account' })
  await says(page, ADA)
  await press(page, 'Load')
  await page.getByText('answered 200').waitFor()
  expect(app.requests('/auth/refresh')).toBe(2)
  expect(await shown(page)).toEqual(['unknown', ADA])
})

appTest('all components say the same at every moment, from sign-up to sign-out', async (app) => {
  const page = await app.open({ scene: 'account' })
  await signUp(page)
  await press(page, 'Sign out')
  await says(page, 'signed-out LOGOUT')
  expect(await shown(page)).toEqual(['unknown', 'signed-out', ADA, 'signed-out LOGOUT'])
})

appTest('a sign-out in another tab reaches the components, and so does a sign-in', async (app) => {
  const page = await app.open({ scene: 'account' })
  const other = await app.open({ scene: 'account' })
  await says(other, 'signed-out')
  await signUp(page)
  await says(other, ADA)
  await press(other, 'Sign out')
  await says(page, 'signed-out LOGOUT')
  expect(await shown(page)).toEqual(['unknown', 'signed-out', ADA, 'signed-out LOGOUT'])
})

appTest('a page from the server is hydrated as it came, and then says who is signed in', async (app) => {
  await signUp(await app.open({ scene: 'account' }))
  const page = await app.open({ scene: 'account' }, 'server')
  await says(page, ADA)
  expect(await shown(page)).toEqual(['unknown', ADA])
})

appTest('a page that came with its user never says anything else, and makes one refresh', async (app) => {
  const first = await app.open({ scene: 'account' })
  await signUp(first)
  const initialUser = await userOf(first)
  const page = await app.open({ scene: 'account', initialUser }, 'server')
  await press(page, 'Load')
  await page.getByText('answered 200').waitFor()
  expect(await shown(page)).toEqual([ADA])
  expect(app.requests('/auth/refresh')).toBe(2)
})

appTest('a page that came with a user who is signed out by now says so', async (app) => {
  const first = await app.open({ scene: 'account' })
  await signUp(first)
  const initialUser = await userOf(first)
  await press(first, 'Sign out')
  await says(first, 'signed-out LOGOUT')
  const page = await app.open({ scene: 'account', initialUser }, 'server')
  await says(page, 'signed-out')
  expect(await shown(page)).toEqual([ADA, 'signed-out'])
})

appTest('a part of the page whose code comes late is hydrated as it came', async (app) => {
  await signUp(await app.open({ scene: 'account' }))
  const arrives = app.holdLatePart()
  const page = await app.open({ scene: 'late' }, 'server')
  await says(page, ADA)
  await mark(page.locator('p'))
  arrives()
  await page.locator('p output').filter({ hasText: ADA }).waitFor()
  expect(await isMarked(page.locator('p'))).toBe(true)
})

appTest('a page that came with its user leaves a part whose code comes late in its place', async (app) => {
  const first = await app.open({ scene: 'account' })
  await signUp(first)
  const initialUser = await userOf(first)
  const arrives = app.holdLatePart()
  const page = await app.open({ scene: 'around', initialUser }, 'server')
  await expect.poll(() => page.evaluate(() => Reflect.get(window, 'client')?.state.status)).toBe('signed-in')
  await mark(page.locator('p'))
  arrives()
  await page.waitForFunction(() => Reflect.get(window, 'listeners').count === 3)
  expect(await isMarked(page.locator('p'))).toBe(true)
  expect(await shown(page)).toEqual([ADA])
})

appTest('a renewed token is no news to a component', async (app) => {
  const page = await app.open({ scene: 'account' })
  await signUp(page)
  const before = await renderings(page)
  await page.evaluate(() => Reflect.get(window, 'client').refresh())
  expect(app.requests('/auth/refresh')).toBe(2)
  expect(await renderings(page)).toBe(before)
})

appTest(
  'a sign-out in the middle of a slow transition is never shown in a part of the page only',
  async (app) => {
    await signUp(await app.open({ scene: 'account' }))
    const page = await app.open({ scene: 'slow' })
    await says(page, ADA)
    const outputs = await page.evaluate(async () => {
      const { client, work } = window as unknown as {
        client: { logout(): Promise<void> }
        work: { rendered: number }
      }
      const before = work.rendered
      document.querySelector('button')?.click()
      while (work.rendered < before + 10) await new Promise((resolve) => setTimeout(resolve, 1))
      client.logout()
      return document.querySelectorAll('output').length
    })
    expect(outputs).toBe(1)
    await page.locator('output').nth(30).waitFor()
    expect(await shown(page)).toEqual(['unknown', ADA, 'signed-out LOGOUT'])
  },
)

appTest('the methods stay the same, so an effect that depends on them does not run again', async (app) => {
  const page = await app.open({ scene: 'account' })
  await signUp(page)
  await press(page, 'Sign out')
  await says(page, 'signed-out LOGOUT')
  // Twice at the start, as StrictMode does.
  expect(await effects(page)).toBe(2)
})

appTest('another client takes over at once, and the first one is left alone', async (app) => {
  await signUp(await app.open({ scene: 'account' }))
  const page = await app.open({ scene: 'swap' })
  await says(page, ADA)
  await press(page, 'Swap')
  await says(page, 'unknown')
  expect(await listeners(page)).toBe(1)
  await press(page, 'Swap')
  await says(page, ADA)
  expect(await listeners(page)).toBe(1)
})

appTest('an app that is taken off the page leaves no listener behind', async (app) => {
  const page = await app.open({ scene: 'account' })
  await says(page, 'signed-out')
  expect(await listeners(page)).toBe(3)
  await page.evaluate(() => Reflect.get(window, 'root').unmount())
  expect(await listeners(page)).toBe(0)
})

async function signUp(page: Page): Promise<void> {
  await says(page, 'signed-out')
  await press(page, 'Sign up')
  await says(page, ADA)
}

function press(page: Page, name: string): Promise<void> {
  return page.getByRole('button', { name, exact: true }).click()
}

/** Waits until the page says so. */
function says(page: Page, text: string): Promise<void> {
  return page.locator('main > output').first().filter({ hasText: text }).waitFor()
}

/** What the page said since it was loaded, each different thing once. Two things at a time have a line between them. */
function shown(page: Page): Promise<string[]> {
  return page.evaluate(() => Reflect.get(window, 'shown'))
}

/** Something that only this element has, so that one put in its place is told apart. */
function mark(element: Locator): Promise<boolean> {
  return element.evaluate((node) => Reflect.set(node, 'isMarked', true))
}

function isMarked(element: Locator): Promise<boolean> {
  return element.evaluate((node) => Reflect.get(node, 'isMarked') === true)
}

function userOf(page: Page): Promise<ServedUser> {
  return page.evaluate(() => Reflect.get(window, 'client').state.user)
}

function renderings(page: Page): Promise<number> {
  return page.evaluate(() => Reflect.get(window, 'work').rendered)
}

/** How often an effect ran that depends on the methods. */
function effects(page: Page): Promise<number> {
  return page.evaluate(() => Reflect.get(window, 'work').effects)
}

function listeners(page: Page): Promise<number> {
  return page.evaluate(() => Reflect.get(window, 'listeners').count)
}
