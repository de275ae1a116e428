import { expect, onTestFinished, test, vi } from 'vitest'
import { createAuthClient, memoryStorage } from './native.ts'
import { nativeHost } from './native-host.ts'
import { readOptions } from './options.ts'
import { createService } from './service.ts'
import { createSession } from './session.ts'
import { ADA, alone, BOB, deafTo, startBrowser } from './testing/browser.ts'
import { startContractService } from './testing/contract-service.ts'

const apart = { lock: alone, channel: undefined }

/** A tab whose refresh has done its work, and whose answer cannot be called off. */
async function startLateAnswer(isRevoked = false) {
  const service = await startContractService()
  const browser = startBrowser(service)
  const slow = browser.openTab({ fetch: deafTo(browser.send) }, apart)
  await slow.login(ADA)
  if (isRevoked) service.revoke()
  const answer = Promise.withResolvers<void>()
  service.fail('/auth/refresh', { heldBy: answer.promise })
  const late = slow.refresh()
  await expect.poll(() => service.refreshes()).toHaveLength(1)
  return { service, browser, slow, late, answer: answer.resolve }
}

test('a late answer that put an older cookie back is followed by the last key, which brings the newer one', async () => {
  const { service, browser, slow, late, answer } = await startLateAnswer()
  const other = browser.openTab({}, apart)
  await other.getAccessToken()
  // As long as a key is in doubt it is used again; this is about what comes after.
  await browser.records.change((now) => ({ ...now, doubts: 0 }))
  await other.refresh()
  expect(browser.cookie).toContain('rt.0.2')
  answer()
  await late
  const keys = service.refreshes().map(({ key }) => key)
  expect(keys[3]).toBe(keys[2])
  expect(service.refreshes()[3]?.cookie).toContain('rt.0.1')
  expect(browser.cookie).toContain('rt.0.2')
  expect(slow.status).toBe('signed-in')
})

test('the end of an old session, answered late, does not end the one opened since in a tab it cannot hear', async () => {
  const { browser, slow, late, answer } = await startLateAnswer(true)
  await browser.openTab({}, apart).login(BOB)
  answer()
  expect(await late).not.toBeNull()
  expect(slow).toMatchObject({ status: 'signed-in', user: { email: BOB.email } })
})

test('a sign-out that could not be told is told before the next sign-in, so the old session ends', async () => {
  const service = await startContractService()
  const client = startBrowser(service).openTab()
  await client.login(ADA)
  const authorization = `Bearer ${client.peek()?.accessToken}`
  service.fail('/auth/logout', { status: 502 })
  await expect(client.logout()).rejects.toMatchObject({ status: 502 })
  await client.login(BOB)
  const paths = service.seen.map(({ path }) => path)
  expect(paths).toEqual(['/auth/login', '/auth/logout', '/auth/logout', '/auth/login'])
  const old = await fetch(`${service.url}/api/notes`, { headers: { authorization } })
  expect(await old.json()).toMatchObject({ error: 'TOKEN_REVOKED' })
})

test.each(['in', 'out'])('what is on the wire is given up when another tab signs %s', async (way) => {
  const service = await startContractService()
  const browser = startBrowser(service)
  const { fetch, last } = watched(browser.send)
  const client = browser.openTab({ fetch })
  const other = browser.openTab({}, { lock: alone })
  await client.login(ADA)
  await expect.poll(() => other.status).toBe('signed-in')
  const answer = Promise.withResolvers<void>()
  onTestFinished(() => answer.resolve())
  service.fail('/auth/refresh', { heldBy: answer.promise })
  const refreshed = client.refresh()
  await expect.poll(() => service.refreshes()).toHaveLength(1)
  await (way === 'in' ? other.login(BOB) : other.logout())
  // Well before the request would run out of its own time.
  await expect.poll(() => last('/auth/refresh')?.signal.aborted, { timeout: 3000 }).toBe(true)
  expect(await refreshed).toBe(other.peek()?.accessToken ?? null)
})

const TOKENS = {
  accessToken: 'at',
  expiresIn: 900,
  sessionId: '0',
  user: { id: 'ada', email: ADA.email, emailVerified: false, roles: [], createdAt: '2026-01-01T00:00:00Z' },
  renewal: 'r',
}

test('a token that another tab has had for ten minutes is good for five more, not for fifteen', async () => {
  const browser = startBrowser(await startContractService())
  const client = browser.openTab()
  await client.getAccessToken()
  browser.openChannel().postMessage({ kind: 'opened', tokens: TOKENS, sentAt: Date.now() - 600_000 })
  await expect.poll(() => client.status).toBe('signed-in')
  expect(client.peek()!.endsAt - performance.now()).toBeLessThanOrEqual(300_000)
})

test('a renewed token that is older, or of another session, changes nothing', async () => {
  const browser = startBrowser(await startContractService())
  const client = browser.openTab()
  await client.login(ADA)
  const seen: unknown[] = []
  client.subscribe(() => seen.push(client.peek()?.accessToken))
  const channel = browser.openChannel()
  const tell = (accessToken: string, sessionId: string, age: number) =>
    channel.postMessage({
      kind: 'renewed',
      tokens: { ...TOKENS, accessToken, sessionId },
      sentAt: Date.now() - age,
    })
  tell('older', '0', 60_000)
  tell('of another session', '7', 0)
  // Messages arrive in order, so this one shows that those before it were heard.
  channel.postMessage({
    kind: 'renewed',
    tokens: { ...TOKENS, accessToken: 'newer', expiresIn: 1800 },
    sentAt: Date.now(),
  })
  await expect.poll(() => seen).toContain('newer')
  expect(seen).toEqual(['newer'])
})

test('a session that was seen to end is not held again', () => {
  const session = createSession(30, { now: () => 0, tabs: Promise.resolve({ lock: alone }) })
  session.hold('opened', TOKENS, 0)
  session.end({ code: 'SESSION_REVOKED' })
  session.hold('renewed', TOKENS, 0)
  expect([session.held, session.state.status]).toEqual([null, 'signed-out'])
})

/** Remembers the requests that it sends on. */
function watched(send: (request: Request) => Promise<Response>) {
  const requests: Request[] = []
  const watch = (request: Request) => {
    requests.push(request)
    return send(request)
  }
  return {
    requests,
    fetch: watch,
    last: (path: string) => requests.findLast(({ url }) => url.endsWith(path)),
  }
}

test('a sign-out calls back the refresh on the wire, and is sent even if the page is left', async () => {
  const service = await startContractService()
  const browser = startBrowser(service)
  const { fetch, last } = watched(browser.send)
  const client = browser.openTab({ fetch })
  await client.login(ADA)
  const answer = Promise.withResolvers<void>()
  onTestFinished(() => answer.resolve())
  service.fail('/auth/refresh', { heldBy: answer.promise })
  const refreshed = client.refresh()
  await expect.poll(() => service.refreshes()).toHaveLength(1)
  const signedOut = client.logout()
  expect(last('/auth/refresh')?.signal.aborted).toBe(true)
  expect(last('/auth/logout')?.keepalive).toBe(true)
  await Promise.all([refreshed, signedOut])
})

test('a request to the service is given up after eight seconds', async () => {
  vi.useFakeTimers()
  onTestFinished(() => void vi.useRealTimers())
  const { requests, fetch } = watched(
    ({ signal }) =>
      new Promise((_, reject) =>
        signal.addEventListener('abort', () => reject(signal.reason), { once: true }),
      ),
  )
  const service = createService(readOptions({ baseUrl: 'https://auth.example.com', fetch }), {})
  const answer = service('/auth/refresh', {})
  await vi.advanceTimersByTimeAsync(7999)
  expect(requests[0]?.signal.aborted).toBe(false)
  await vi.advanceTimersByTimeAsync(1)
  expect(requests[0]?.signal.aborted).toBe(true)
  expect(await answer).toMatchObject({ cause: { name: 'AbortError' } })
})

test('a redirect is not followed: a password goes to the service and to nobody else', async () => {
  const [service, stranger] = [await startContractService(), await startContractService()]
  service.fail('/auth/login', { status: 307, headers: { location: `${stranger.url}/auth/login` } })
  await expect(startBrowser(service).openTab().login(ADA)).rejects.toMatchObject({ code: 'UNREACHABLE' })
  expect(stranger.seen).toEqual([])
})

test('a native client sends and takes no cookies', async () => {
  const service = await startContractService()
  const { requests, fetch } = watched((request) => globalThis.fetch(request))
  const app = createAuthClient({ baseUrl: service.url, storage: memoryStorage(), fetch })
  await app.login(ADA)
  await app.refresh()
  await app.logout()
  expect(requests.map(({ credentials }) => credentials)).toEqual(['omit', 'omit', 'omit'])
})

test('a clock that began anew knows no age, so a token from before is not taken up', () => {
  let time = 6000
  const shared = { exclusive: alone, change: async () => undefined, now: () => time }
  const host = nativeHost('record', { ...memoryStorage(), shared }, 30)
  const record = { refreshToken: 'rt', tokens: TOKENS, renewal: 'r', sentAt: 5000 }
  const takesUp = () => host.settle?.(record, createSession(30, host))
  expect(takesUp()).toBe(true)
  time = 10
  expect(takesUp()).toBe(false)
})
