import { setTimeout as delay } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { ADA, BOB, deafTo, startBrowser } from './testing/browser.ts'
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

test('a tab that waited for its turn uses what another one has renewed meanwhile', async () => {
  const { service, browser, second } = await twoTabs()
  const turn = Promise.withResolvers<void>()
  const locks = browser.locks
  void locks.request(`latchkey:${service.url}`, () => turn.promise)
  browser.skip(900_000)
  const waiting = second.getAccessToken()
  const renewed = await browser.openTab({}, { locks: undefined }).getAccessToken()
  await expect.poll(() => second.peek()?.accessToken).toBe(renewed)
  turn.resolve()
  expect(await waiting).toBe(renewed)
  expect(service.refreshes()).toHaveLength(1)
})

test('a late word of a session that was signed out changes nothing', async () => {
  const { service, browser, first, second } = await twoTabs()
  const { accessToken = '' } = first.peek() ?? {}
  const tokens = { accessToken, expiresIn: 900, sessionId: '0', user: first.user }
  await first.logout()
  await expect.poll(() => second.status).toBe('signed-out')

  const channel = browser.openChannel(`latchkey:${service.url}`)
  channel.postMessage({ kind: 'opened', tokens, ageMs: 0 })
  channel.postMessage({ kind: 'renewed', tokens, ageMs: 0 })
  channel.postMessage({ kind: 'renewed', tokens: { ...tokens, sessionId: 'unknown' }, ageMs: 0 })
  // Messages arrive in order, so the stranger's session shows that those before it were heard.
  channel.postMessage({ kind: 'opened', tokens: { ...tokens, sessionId: 'other' }, ageMs: 0 })
  const seen: unknown[] = []
  second.subscribe(({ status }) => seen.push(status))
  await expect.poll(() => second.status).toBe('signed-in')
  expect(seen).toEqual(['signed-in'])
})

test('the end of an old session does not end the one that another tab has opened since', async () => {
  const service = await startContractService()
  const browser = startBrowser(service)
  const first = browser.openTab({ fetch: deafTo(browser.send) })
  await first.login(ADA)
  const answer = Promise.withResolvers<void>()
  service.revoke()
  service.fail('/auth/refresh', { heldBy: answer.promise })
  const refreshed = first.refresh()
  await expect.poll(() => service.refreshes()).toHaveLength(1)

  await browser.openTab({}, { locks: undefined }).login(BOB)
  await expect.poll(() => first.user?.email).toBe(BOB.email)
  answer.resolve()
  await refreshed
  expect(first).toMatchObject({ status: 'signed-in', user: { email: BOB.email } })
})
