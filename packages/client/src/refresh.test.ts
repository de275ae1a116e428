import { expect, test } from 'vitest'
import { ADA, alone, RECORD, startBrowser } from './testing/browser.ts'
import { problem, startContractService } from './testing/contract-service.ts'

async function signedIn(expiresIn = 900) {
  const service = await startContractService(expiresIn)
  const browser = startBrowser(service)
  const client = browser.openTab()
  await client.login(ADA)
  return { service, browser, client }
}

test('a token is kept while it is good and renewed shortly before it ends', async () => {
  const { service, browser, client } = await signedIn(900)
  const first = await client.getAccessToken()
  browser.skip(860_000)
  expect(await client.getAccessToken()).toBe(first)
  browser.skip(15_000)
  expect(await client.getAccessToken()).not.toBe(first)
  expect(service.refreshes()).toHaveLength(1)
})

test('a token of three seconds is not renewed at every call', async () => {
  const { service, client } = await signedIn(3)
  for (let call = 0; call < 20; call++) await client.getAccessToken()
  expect(service.refreshes()).toHaveLength(0)
})

test('a hundred calls at the instant of expiry make one refresh', async () => {
  const { service, browser, client } = await signedIn()
  browser.skip(900_000)
  const tokens = await Promise.all(Array.from({ length: 100 }, client.getAccessToken))
  expect(new Set(tokens).size).toBe(1)
  expect(service.refreshes()).toHaveLength(1)
})

test('reloading the page keeps the user signed in', async () => {
  const { browser } = await signedIn()
  const reloaded = browser.openTab()
  expect(reloaded.status).toBe('unknown')
  await reloaded.getAccessToken()
  expect(reloaded).toMatchObject({ status: 'signed-in', user: { email: ADA.email } })
})

test('a browser without a session is signed out, and nothing is said to have ended', async () => {
  const service = await startContractService()
  const client = startBrowser(service).openTab()
  const changes: unknown[] = []
  client.subscribe((change) => changes.push(change))
  expect(await client.getAccessToken()).toBeNull()
  expect(changes).toEqual([{ status: 'signed-out', user: null }])
  expect(await client.getAccessToken()).toBeNull()
  expect(service.refreshes()).toHaveLength(1)
})

test('an answer lost on the way is asked for again with the same key, and nobody is signed out', async () => {
  const { service, client } = await signedIn()
  service.fail('/auth/refresh', 'answer lost', 'answer lost')
  await client.refresh()
  const keys = service.refreshes().map(({ key }) => key)
  expect(new Set(keys).size).toBe(1)
  expect(keys).toHaveLength(3)
  expect(service.generation()).toBe(1)
  expect(client.status).toBe('signed-in')
})

test('the key is stored before it is sent, and a page killed in mid-refresh comes back with it', async () => {
  const { service, browser, client } = await signedIn()
  const answer = Promise.withResolvers<void>()
  service.fail('/auth/refresh', { heldBy: answer.promise })
  client.refresh().catch(() => undefined)
  await expect.poll(() => service.refreshes()).toHaveLength(1)

  const reloaded = browser.openTab({}, { lock: alone })
  expect(await reloaded.getAccessToken()).not.toBeNull()
  const [first, second] = service.refreshes()
  expect(second?.key).toBe(first?.key)
  expect(service.generation()).toBe(1)
  answer.resolve()
})

test('each refresh that is answered is followed by one with a key of its own', async () => {
  const { service, client } = await signedIn()
  await client.refresh()
  await client.refresh()
  const [first, second] = service.refreshes()
  expect(first?.key).toMatch(/^[\x21-\x7e]{16,128}$/)
  expect(second?.key).not.toBe(first?.key)
})

test('a stored key that was spoilt, so that the service refuses it, is replaced', async () => {
  const { service, browser, client } = await signedIn()
  await browser.records.change((now) => ({ ...now, attempt: 'short' }))
  service.fail('/auth/refresh', { status: 400, body: problem(400, 'INVALID_REQUEST')[1] })
  await client.refresh()
  expect(service.refreshes().map(({ key }) => key)).toEqual(['short', expect.stringMatching(/^[\d-]{16,}$/)])
})

test.each([
  ['503', { status: 503, headers: { 'retry-after': '1' }, body: problem(503, 'STORE_UNAVAILABLE')[1] }],
  ['429', { status: 429, headers: { 'retry-after': '2' }, body: problem(429, 'RATE_LIMITED')[1] }],
  ['500', { status: 500, body: problem(500, 'INTERNAL')[1] }],
  ["a proxy's 401", { status: 401, body: '<html>Proxy login</html>' }],
  ["a captive portal's 200", { status: 200, body: '<html>Welcome to the hotel</html>' }],
])('%s is asked again and signs nobody out', async (_, fault) => {
  const { service, client } = await signedIn()
  service.fail('/auth/refresh', fault)
  expect(await client.refresh()).toBe(client.peek()?.accessToken)
  expect(service.refreshes()).toHaveLength(2)
  expect(client.status).toBe('signed-in')
})

test('a service that stays away is asked four times, then left alone for two to four seconds', async () => {
  const { service, browser, client } = await signedIn()
  const away = { status: 503, body: problem(503, 'STORE_UNAVAILABLE')[1] }
  service.fail('/auth/refresh', away, away, away, away)
  await expect(client.refresh()).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE', status: 503 })
  expect(service.refreshes()).toHaveLength(4)
  expect(client.status).toBe('signed-in')
  await expect(client.refresh()).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
  expect(service.refreshes()).toHaveLength(4)
  browser.skip(4000)
  await client.refresh()
  expect(new Set(service.refreshes().map(({ key }) => key)).size).toBe(1)
})

test('a hundred calls while the service is away try no oftener than one', async () => {
  const { service, browser, client } = await signedIn()
  browser.skip(900_000)
  const away = { status: 503, body: problem(503, 'STORE_UNAVAILABLE')[1] }
  service.fail('/auth/refresh', ...Array(400).fill(away))
  const calls = await Promise.allSettled(Array.from({ length: 100 }, client.getAccessToken))
  expect(calls.every(({ status }) => status === 'rejected')).toBe(true)
  expect(service.refreshes()).toHaveLength(4)
})

test.each([
  ['FORBIDDEN', 403],
  ['OVERLOADED', 503],
])(
  'a Retry-After below zero, as some rate limiters send, is no leave to ask without end: %s',
  async (code, status) => {
    const { service, client } = await signedIn()
    const refusal = { status, headers: { 'retry-after': '-60' }, body: problem(status, code)[1] }
    service.fail('/auth/refresh', ...Array(20).fill(refusal))
    await expect(client.refresh()).rejects.toMatchObject({ code })
    expect(service.refreshes()).toHaveLength(1)
  },
)

test('when the service asks for a long wait, nothing is sent until it is over', async () => {
  const { service, browser, client } = await signedIn()
  service.fail('/auth/refresh', {
    status: 429,
    headers: { 'retry-after': '60' },
    body: problem(429, 'RATE_LIMITED')[1],
  })
  const refusal = { code: 'RATE_LIMITED', retryAfterSeconds: 60 }
  await expect(client.refresh()).rejects.toMatchObject(refusal)
  await expect(client.refresh()).rejects.toMatchObject(refusal)
  expect(service.refreshes()).toHaveLength(1)
  browser.skip(65_000)
  await client.refresh()
  expect(service.refreshes()).toHaveLength(2)
})

test('a page that is loaded offline does not know yet, and finds the session once it is online', async () => {
  const { browser } = await signedIn()
  let isOnline = false
  const page = browser.openTab({
    fetch: (request) => (isOnline ? browser.send(request) : Promise.reject(new TypeError('offline'))),
  })
  await expect(page.getAccessToken()).rejects.toMatchObject({ code: 'UNREACHABLE' })
  expect(page.status).toBe('unknown')
  isOnline = true
  page.wake()
  await expect.poll(() => page.status).toBe('signed-in')
})

test('the token still good is handed out when its early renewal fails', async () => {
  const { service, browser, client } = await signedIn()
  const token = await client.getAccessToken()
  browser.skip(880_000)
  const away = { status: 503, body: problem(503, 'STORE_UNAVAILABLE')[1] }
  service.fail('/auth/refresh', away, away, away, away, away, away, away, away)
  expect(await client.getAccessToken()).toBe(token)
  browser.skip(21_000)
  await expect(client.getAccessToken()).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
})

test.each(['REFRESH_MISSING', 'REFRESH_INVALID', 'REFRESH_EXPIRED', 'REFRESH_REUSED'])(
  '%s ends the session, and the listener hears why',
  async (code) => {
    const { service, client } = await signedIn()
    const changes: unknown[] = []
    client.subscribe((change) => changes.push(change))
    service.fail('/auth/refresh', { status: 401, body: problem(401, code)[1] })
    expect(await client.refresh()).toBeNull()
    expect(changes).toEqual([{ status: 'signed-out', user: null, ended: { code } }])
  },
)

test('a session that was revoked elsewhere ends with the reason', async () => {
  const { service, client } = await signedIn()
  const changes: unknown[] = []
  client.subscribe((change) => changes.push(change))
  service.revoke()
  await client.refresh()
  const ended = { code: 'SESSION_REVOKED', reason: 'revoked_by_operator' }
  expect(changes).toEqual([{ status: 'signed-out', user: null, ended }])
})

test('REFRESH_SUPERSEDED is answered once with a fresh key and the cookie of that moment', async () => {
  const { service, browser, client } = await signedIn()
  const stale = browser.cookie
  await client.refresh()
  await client.refresh()
  const [first] = service.refreshes()
  browser.storage.setItem(RECORD, JSON.stringify({ attempt: first?.key }))
  const current = browser.cookie
  browser.cookie = stale
  const restored = browser.openTab({
    fetch: async (request) => {
      const response = await browser.send(request)
      browser.cookie = current
      return response
    },
  })
  expect(await restored.getAccessToken()).not.toBeNull()
  const [superseded, fresh] = service.refreshes().slice(2)
  expect(superseded?.key).toBe(first?.key)
  expect(fresh?.key).not.toBe(first?.key)
  expect(service.refreshes()).toHaveLength(4)
})

test('a session that is superseded twice is kept, and its caller told', async () => {
  const { service, client } = await signedIn()
  const superseded = { status: 401, body: problem(401, 'REFRESH_SUPERSEDED')[1] }
  service.fail('/auth/refresh', superseded, superseded)
  await expect(client.refresh()).rejects.toMatchObject({ code: 'REFRESH_SUPERSEDED' })
  expect(service.refreshes()).toHaveLength(2)
  expect(client.status).toBe('signed-in')
})

test('a request that the service refuses as such is not repeated and ends nothing', async () => {
  const { service, client } = await signedIn()
  service.fail('/auth/refresh', { status: 403, body: problem(403, 'ORIGIN_FORBIDDEN')[1] })
  await expect(client.refresh()).rejects.toMatchObject({ code: 'ORIGIN_FORBIDDEN' })
  expect(service.refreshes()).toHaveLength(1)
  expect(client.status).toBe('signed-in')
})

test.each([
  ['a text', { statusCode: 404, error: 'Not Found', message: 'no route' }],
  ['an object', { error: { message: 'no route' } }],
])("a gateway's own error in JSON, %s, is none of the service's codes", async (_, body) => {
  const { service, client } = await signedIn()
  service.fail('/auth/refresh', ...Array(4).fill({ status: 404, body }))
  await expect(client.refresh()).rejects.toMatchObject({ code: 'UNEXPECTED_ANSWER', status: 404 })
  expect(client.status).toBe('signed-in')
})

test('a key that another tab has stored meanwhile is used next, for its request may be on the wire', async () => {
  const { service, browser, client } = await signedIn()
  const answer = Promise.withResolvers<void>()
  service.fail('/auth/refresh', { heldBy: answer.promise })
  const refreshed = client.refresh()
  await expect.poll(() => service.refreshes()).toHaveLength(1)
  await browser.records.change(() => ({ attempt: 'the-key-of-the-other-tab' }))
  answer.resolve()
  await refreshed
  expect(service.refreshes()[1]?.key).toBe('the-key-of-the-other-tab')
  expect(client.status).toBe('signed-in')
})
