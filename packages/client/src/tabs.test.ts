import { expect, onTestFinished, test, vi } from 'vitest'
import type { Channel } from './host.ts'
import { ADA, alone, BOB, deafTo, startBrowser } from './testing/browser.ts'
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
  ['without locks', { lock: alone }],
])(
  'tabs that cannot hear each other may refresh at the same instant: %s, none loses the session',
  async (_, given) => {
    const service = await startContractService()
    const browser = startBrowser(service)
    await browser.openTab().login(ADA)
    const tabs = Array.from({ length: 5 }, () => browser.openTab({}, { ...given, channel: undefined }))
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
  void browser.lock(() => turn.promise)
  browser.skip(900_000)
  const waiting = second.getAccessToken()
  const renewed = await browser.openTab({}, { lock: alone }).getAccessToken()
  await expect.poll(() => second.peek()?.accessToken).toBe(renewed)
  turn.resolve()
  expect(await waiting).toBe(renewed)
  expect(service.refreshes()).toHaveLength(1)
})

test('a late word of a session that was signed out changes nothing', async () => {
  const { browser, first, second } = await twoTabs()
  const { accessToken = '' } = first.peek() ?? {}
  const tokens = { accessToken, expiresIn: 900, sessionId: '0', user: first.user, renewal: 'r' }
  await first.logout()
  await expect.poll(() => second.status).toBe('signed-out')

  const channel = browser.openChannel()
  channel.postMessage({ kind: 'opened', tokens, sentAt: Date.now() })
  channel.postMessage({ kind: 'renewed', tokens, sentAt: Date.now() })
  channel.postMessage({
    kind: 'renewed',
    tokens: { ...tokens, sessionId: 'unknown' },
    renewal: 'r',
    sentAt: Date.now(),
  })
  // Messages arrive in order, so the stranger's session shows that those before it were heard.
  channel.postMessage({ kind: 'opened', tokens: { ...tokens, sessionId: 'other' }, sentAt: Date.now() })
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

  await browser.openTab({}, { lock: alone }).login(BOB)
  await expect.poll(() => first.user?.email).toBe(BOB.email)
  answer.resolve()
  await refreshed
  expect(first).toMatchObject({ status: 'signed-in', user: { email: BOB.email } })
})

test('a word that reaches a frozen tab an hour late brings no token that is over', async () => {
  // Lateness is told by the wall clock.
  vi.useFakeTimers({ toFake: ['Date'] })
  onTestFinished(() => void vi.useRealTimers())
  const service = await startContractService()
  const browser = startBrowser(service)
  const pass = (milliseconds: number) => {
    browser.skip(milliseconds)
    vi.setSystemTime(Date.now() + milliseconds)
  }
  const first = browser.openTab()
  await first.login(ADA)
  const { channel, freeze, thaw, missed } = freezable(browser.openChannel())
  const frozen = browser.openTab({}, { channel })
  await frozen.getAccessToken()
  await expect.poll(() => first.peek()?.accessToken).toBe(frozen.peek()?.accessToken)

  freeze()
  pass(880_000)
  const late = await first.getAccessToken()
  await expect.poll(missed).toBeGreaterThan(0)
  pass(3_600_000)
  thaw()
  expect(await frozen.getAccessToken()).not.toBe(late)
  expect(frozen.status).toBe('signed-in')
})

test('a tab whose timers are throttled looks twice for another one’s word, then asks for itself', async () => {
  const service = await startContractService()
  const browser = startBrowser(service)
  /** Chromium wakes a tab that nobody has seen for five minutes once a minute. */
  const THROTTLED_MS = 60_000
  let waited = 0
  const sleep = async () => {
    waited += THROTTLED_MS
    browser.skip(THROTTLED_MS)
  }
  const tab = browser.openTab({}, { sleep })
  await tab.login(ADA)
  // Another tab was closed right after it had stored its answer, before it could say so.
  await browser.records.change((now) => ({ ...now, renewal: 'of a tab that is gone' }))
  browser.skip(900_000)
  await tab.getAccessToken()
  expect(service.refreshes()).toHaveLength(1)
  expect(waited).toBeLessThanOrEqual(2 * THROTTLED_MS)
})

test('an answer that comes late does not take the place of the newer one that another tab told of', async () => {
  const service = await startContractService()
  const browser = startBrowser(service)
  const slow = browser.openTab({ fetch: deafTo(browser.send) })
  const other = browser.openTab({}, { lock: alone })
  await slow.login(ADA)
  await expect.poll(() => other.status).toBe('signed-in')
  const answer = Promise.withResolvers<void>()
  service.fail('/auth/refresh', { heldBy: answer.promise })
  const late = slow.refresh()
  await expect.poll(() => service.refreshes()).toHaveLength(1)

  browser.skip(5000)
  const newer = await other.refresh()
  await expect.poll(() => slow.peek()?.accessToken).toBe(newer)
  answer.resolve()
  expect(await late).toBe(newer)
})

/** What a frozen tab is sent waits for it. */
function freezable(real: BroadcastChannel) {
  const waiting: (() => void)[] = []
  let isFrozen = false
  const channel: Channel = {
    postMessage: (message) => real.postMessage(message),
    close: () => real.close(),
    addEventListener: (type, listener) =>
      real.addEventListener(type, (event) => {
        if (isFrozen) waiting.push(() => listener(event))
        else listener(event)
      }),
  }
  return {
    channel,
    missed: () => waiting.length,
    freeze() {
      isFrozen = true
    },
    thaw() {
      isFrozen = false
      for (const hear of waiting) hear()
    },
  }
}
