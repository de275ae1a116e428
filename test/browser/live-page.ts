import type { Page } from 'playwright-core'
import { PASSWORD } from './chromium.ts'

export async function signUp(page: Page, email = 'ada@example.com'): Promise<void> {
  await page.getByLabel('E-mail address').fill(email)
  await page.getByRole('textbox', { name: 'Password' }).fill(PASSWORD)
  await page.getByRole('button', { name: 'Sign up', exact: true }).click()
  await signedIn(page)
}

export async function signIn(page: Page, email = 'ada@example.com'): Promise<void> {
  await chooseSignIn(page)
  await page.getByLabel('E-mail address').fill(email)
  await page.getByRole('textbox', { name: 'Password' }).fill(PASSWORD)
  await page.getByRole('button', { name: 'Sign in', exact: true }).click()
  await signedIn(page)
}

export function chooseSignIn(page: Page): Promise<void> {
  return page.getByRole('group', { name: 'Sign up or sign in' }).getByText('Sign in', { exact: true }).click()
}

export function signedIn(page: Page): Promise<void> {
  return page.getByRole('heading', { name: 'You are signed in', exact: true }).waitFor()
}

export function signedOut(page: Page): Promise<void> {
  return page.getByRole('heading', { name: 'Watch a session live' }).waitFor()
}

export function press(page: Page, name: string): Promise<void> {
  return page.getByRole('button', { name, exact: true }).click()
}

/** Waits until the page says so in its region for results. */
export function says(page: Page, text: string): Promise<void> {
  return page.getByRole('status').filter({ hasText: text }).waitFor()
}

/** Waits until the countdown has come to its end. */
export function tokenRunsOut(page: Page): Promise<void> {
  return page.getByText('run out', { exact: true }).waitFor()
}

/** The sequence diagram, in the words it has for those who do not see it. */
export function diagram(page: Page): Promise<string[]> {
  return page
    .getByRole('region', { name: 'Sequence diagram of the calls' })
    .locator('ol li')
    .allTextContents()
}

/** Every request of the page so far that went to a path, and counting. */
export function countRequests(page: Page, path: string): { count: number } {
  const counter = { count: 0 }
  page.on('request', (request) => {
    if (new URL(request.url()).pathname === path) counter.count++
  })
  return counter
}
