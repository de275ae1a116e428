import { setTimeout as delay } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { ADA, BOB, startBrowser } from './testing/browser.ts'
import { startContractService } from './testing/contract-service.ts'

async function twoTabs() {
  const service = await startContractService()
  const browser = startBrowser(service)
  const first = browser.openTab()
  const second = browser.openTab()
  await first.login(ADA)
  await expect.poll(() => second.status).toBe('signed-in')
  return { service, browser, first, second }
}

test('a sign-in reaches the other tabs at once', async () => {
  const { service, second } = await twoTabs()
  expect(second.user?.email).toBe(ADA.email)
  expect(await second.getAccessToken()).not.toBeNull()
  expect(service.refreshes()).toHaveLength(0)
})

test('a sign-out reaches the other tabs at once', async () => {
  const { first, second } = await twoTabs()
  await first.logout()
  await expect.poll(() => second.status).toBe('signed-out')
})

test('a renewed token is shared, so five tabs renew it once', async () => {
  const { service, browser, first, second } = await twoTabs()
  const others = [browser.openTab(), browser.openTab(), browser.openTab()]
  await Promise.all(others.map((tab) => tab.getAccessToken()))
  const before = service.refreshes().length
  browser.skip(900_000)
  await first.getAccessToken()
  const tabs = [second, ...others]
  await expect
    .poll(() => tabs.map((tab) => tab.peek()?.accessToken))
    .toEqual(Array(4).fill(first.peek()?.accessToken))
  await Promise.all(tabs.map((tab) => tab.getAccessToken()))
  expect(service.refreshes().length - before).toBe(1)
})

test.each([
  ['with locks', {}],
  ['without locks', { locks: undefined, sleep: (wait: number) => delay(wait) }],
])(
  'tabs that cannot hear each other may refresh at the same instant: %s, none loses the session',
  async (_, given) => {
    const service = await startContractService()
    const browser = startBrowser(service)
    await browser.openTab().login(ADA)
    const tabs = Array.from({ length: 5 }, () => browser.openTab({}, { ...given, openChannel: undefined }))
    await Promise.all(tabs.map((tab) => tab.getAccessToken()))
    expect(tabs.map(({ status }) => status)).toEqual(Array(5).fill('signed-in'))
  },
)

test('somebody else signing in takes over every tab', async () => {
  const { first, second } = await twoTabs()
  await second.login(BOB)
  await expect.poll(() => first.user?.email).toBe(BOB.email)
})

test('a late word of a session that was signed out changes nothing', async () => {
  const { service, first, second } = await twoTabs()
  const answer = Promise.withResolvers<void>()
  service.fail('/auth/refresh', { heldBy: answer.promise })
  const refreshed = second.refresh()
  await expect.poll(() => service.refreshes()).toHaveLength(1)
  const signedOut = first.logout()
  await expect.poll(() => second.status).toBe('signed-out')
  answer.resolve()
  expect(await refreshed).toBeNull()
  await signedOut
  expect([first.status, second.status]).toEqual(['signed-out', 'signed-out'])
})
