import { once } from 'node:events'
import { type AddressInfo, connect, createServer } from 'node:net'
import { text } from 'node:stream/consumers'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { launchChromium, requireChromium } from '../support/chromium.ts'
import { type Example, refreshesOf, spawnExample, startExample } from './start.ts'

/** Seconds. The browser keeps an access token for two thirds of it. */
const ACCESS_TTL = 3

let browser: Browser | undefined
beforeAll(async () => {
  browser = await launchChromium()
})
afterAll(() => browser?.close())

test('npm start runs it, says where to look, and Ctrl-C stops all of it, cleanly', async () => {
  const example = await startExample('server-rendering')
  const page = await fetch(example.url)
  expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8'])
  expect(await page.text()).toContain('Sign in')

  await example.interrupt()
  await expect(fetch(example.url)).rejects.toThrow()
  await expect(fetch(example.serviceUrl)).rejects.toThrow()
  expect(await example.ended).toBe(0)
  expect(example.output()).not.toMatch(/error|warn/i)
})

test('a port that is taken is said in one line, with the way out', async () => {
  const other = createServer().listen(0, '127.0.0.1')
  onTestFinished(() => void other.close())
  await once(other, 'listening')
  const { port } = other.address() as AddressInfo
  const example = spawnExample('server-rendering', { PORT: String(port) })
  expect([await example.ended, example.output()]).toEqual([
    1,
    `Port ${port} cannot be had: another program listens there. PORT=0 picks one that is free\n`,
  ])
})

test('whatever a request line names, the site passes on /auth/* to its service alone', async () => {
  const { url } = await startExample('server-rendering')
  const answers = await Promise.all(
    [
      'http://evil.example/metrics',
      '/auth/../metrics',
      '/auth/%2e%2e/metrics',
      '//evil.example/auth/me',
      '/metrics',
    ].map((target) => rawGet(new URL(url), target)),
  )
  expect(answers.map((answer) => answer.split('\r\n')[0])).toEqual(Array(5).fill('HTTP/1.1 404 Not Found'))
  expect(await rawGet(new URL(url), '/auth/me')).toContain('TOKEN_MISSING')
})

test('in a browser: signing up, moving about, five tabs restored at once, pages given up, and signing out', {
  timeout: 60_000,
}, async (context) => {
  const profile = await requireChromium(browser, context).newContext()
  onTestFinished(() => profile.close())
  profile.setDefaultTimeout(8000)
  const complaints = listen(profile)
  const example = await startExample('server-rendering', { LATCHKEY_ACCESS_TTL: String(ACCESS_TTL) })

  const first = await profile.newPage()
  await first.goto(example.url)
  await first.getByLabel('E-mail').fill('ada@example.com')
  await first.getByLabel('Password').fill('a quiet harbour at dusk')
  await first.getByRole('button', { name: 'Sign up' }).click()
  await isSignedIn(first)
  await first.getByText('A lamp for the harbour').waitFor()
  expect(await first.content()).not.toMatch(/eyJ|lk1_/)
  expect(await first.evaluate(() => document.cookie)).toBe('')

  await aMinuteLater(profile)
  await first.getByRole('link', { name: 'Orders' }).click()
  await isSignedIn(first)

  await aMinuteLater(profile)
  const tabs = await Promise.all(Array.from({ length: 5 }, () => profile.newPage()))
  await Promise.all(tabs.map((tab) => tab.goto(example.url)))
  await Promise.all(tabs.map(isSignedIn))

  await aMinuteLater(profile)
  for (let i = 0; i < 2; i++) await givenUp(profile, example)
  await Promise.all(tabs.map((tab) => tab.goto(`${example.url}/orders`)))
  await Promise.all(tabs.map(isSignedIn))
  expect((await refreshesOf(example)).refused).toBe(0)

  await first.reload()
  await first.getByRole('button', { name: 'Sign out' }).click()
  await first.getByRole('button', { name: 'Sign in' }).waitFor()
  await Promise.all(tabs.map((tab) => tab.getByText('You are signed out').waitFor()))
  expect((await profile.cookies()).map(({ name }) => name)).toEqual(['__Host-latchkey-signed-out'])
  await tabs[0]!.reload()
  await tabs[0]!.getByRole('button', { name: 'Sign in' }).waitFor()
  expect((await refreshesOf(example)).refused).toBe(0)
  expect(complaints).toEqual([])
})

async function isSignedIn(page: Page): Promise<void> {
  await page.getByText('Signed in as ada@example.com').waitFor()
}

/** The access token has run out, and a refresh moves the session on instead of repeating the one before. */
async function aMinuteLater(profile: BrowserContext): Promise<void> {
  await profile.clearCookies({ name: '__Host-latchkey-last' })
  const names = async () => (await profile.cookies()).map(({ name }) => name)
  await expect.poll(names, { timeout: 5000 }).not.toContain('__Host-latchkey-access')
}

/** Asks for a page over a slow line, and closes the tab once the service has refreshed, before the answer is there. */
async function givenUp(profile: BrowserContext, example: Example): Promise<void> {
  const { ok } = await refreshesOf(example)
  const before = await refreshCookie(profile)
  const tab = await profile.newPage()
  const network = await profile.newCDPSession(tab)
  const slow = { offline: false, latency: 15_000, downloadThroughput: -1, uploadThroughput: -1 }
  await network.send('Network.emulateNetworkConditions', slow)
  const opened = tab.goto(example.url).catch(() => undefined)
  await expect.poll(async () => (await refreshesOf(example)).ok, { interval: 5 }).toBeGreaterThan(ok)
  await tab.close()
  await opened
  expect(await refreshCookie(profile)).toBe(before)
}

async function refreshCookie(profile: BrowserContext): Promise<string | undefined> {
  return (await profile.cookies()).find(({ name }) => name === '__Host-latchkey')?.value
}

/** What the pages complain about: script errors, refused scripts and styles, failed loads. */
function listen(profile: BrowserContext): string[] {
  const complaints: string[] = []
  profile.on('weberror', (error) => complaints.push(String(error.error())))
  profile.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text())
  })
  return complaints
}

/** The answer to a request whose target is sent as it is. */
async function rawGet({ port }: URL, target: string): Promise<string> {
  const socket = connect(Number(port), '127.0.0.1')
  socket.write(`GET ${target} HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n`)
  return await text(socket)
}
