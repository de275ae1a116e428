import { expect, test } from 'vitest'
import { ADA, BOB, startBrowser } from './testing/browser.ts'
import { problem, startContractService } from './testing/contract-service.ts'

async function signedIn() {
  const service = await startContractService()
  const browser = startBrowser(service)
  const client = browser.openTab()
  await client.login(ADA)
  const calls = () => service.seen.filter(({ path }) => path.startsWith('/api/'))
  return { service, browser, client, calls }
}

test('a call carries the access token', async () => {
  const { client, calls } = await signedIn()
  const response = await client.fetch('/api/things')
  expect(response.status).toBe(200)
  expect(calls()[0]?.bearer).toBe(client.peek()?.accessToken)
})

test('a call that meets an expired token is repeated once with a new one, its body too', async () => {
  const { service, client, calls } = await signedIn()
  service.expire((await client.getAccessToken()) ?? '')
  const body = new ReadableStream({
    start(controller) {
      controller.enqueue(new TextEncoder().encode('read once'))
      controller.close()
    },
  })
  const init = { method: 'POST', body, duplex: 'half' }
  const response = await client.fetch('/api/things', init)
  expect(await response.json()).toEqual({ echo: 'read once' })
  expect(calls().map((call) => call.body)).toEqual(['read once', 'read once'])
  expect(service.refreshes()).toHaveLength(1)
})

test('many calls that meet the same expired token make one refresh, and all succeed', async () => {
  const { service, client } = await signedIn()
  service.expire((await client.getAccessToken()) ?? '')
  const responses = await Promise.all(Array.from({ length: 30 }, () => client.fetch('/api/things')))
  expect(responses.map(({ status }) => status)).toEqual(Array(30).fill(200))
  expect(service.refreshes()).toHaveLength(1)
})

test('a call that is refused again is not repeated again', async () => {
  const { service, client, calls } = await signedIn()
  const expired = { status: 401, body: problem(401, 'TOKEN_EXPIRED')[1], headers: problem(401, '')[2] }
  service.fail('/api/things', expired, expired, expired)
  const response = await client.fetch('/api/things')
  expect(response.status).toBe(401)
  expect(await response.json()).toMatchObject({ error: 'TOKEN_EXPIRED' })
  expect(calls()).toHaveLength(2)
  expect(service.refreshes()).toHaveLength(1)
})

test('another 401 is the caller’s to read, whole', async () => {
  const { service, client, calls } = await signedIn()
  service.fail('/api/things', { status: 401, body: problem(401, 'TOKEN_INVALID')[1] })
  const response = await client.fetch('/api/things')
  expect(await response.json()).toMatchObject({ error: 'TOKEN_INVALID' })
  expect(calls()).toHaveLength(1)
  expect(service.refreshes()).toHaveLength(0)
})

test('a revoked token ends the session with its reason', async () => {
  const { service, client } = await signedIn()
  const ends: unknown[] = []
  client.subscribe(({ ended }) => ends.push(ended))
  service.revoke()
  const response = await client.fetch('/api/things')
  expect(await response.json()).toMatchObject({ error: 'TOKEN_REVOKED' })
  expect(ends).toEqual([{ code: 'SESSION_REVOKED', reason: 'revoked_by_operator' }])
})

test('the token goes to no other origin', async () => {
  const { browser, client } = await signedIn()
  const elsewhere = await startContractService()
  await client.fetch(`${elsewhere.url}/api/things`)
  expect(elsewhere.seen[0]?.bearer).toBeUndefined()

  const trusting = browser.openTab({ origins: [elsewhere.url] })
  await trusting.fetch(new URL(`${elsewhere.url}/api/things`))
  expect(elsewhere.seen[1]?.bearer).toBe(trusting.peek()?.accessToken)
})

test('an Authorization of the caller’s own is left alone', async () => {
  const { client, calls } = await signedIn()
  await client.fetch('/api/things', { headers: { authorization: 'Bearer mine' } })
  expect(calls()[0]?.bearer).toBe('mine')
})

test('signed out, a call goes out without a token', async () => {
  const { client, calls } = await signedIn()
  await client.logout()
  const response = await client.fetch('/api/things')
  expect(response.status).toBe(401)
  expect(calls()[0]?.bearer).toBeUndefined()
})

test('a call begun by one user is not repeated as another', async () => {
  const { service, browser, client, calls } = await signedIn()
  const held = Promise.withResolvers<void>()
  service.expire((await client.getAccessToken()) ?? '')
  service.fail('/api/things', { heldBy: held.promise })
  const call = client.fetch('/api/things', { method: 'POST', body: 'from Ada' })
  await expect.poll(calls).toHaveLength(1)
  await browser.openTab().login(BOB)
  await expect.poll(() => client.user?.email).toBe(BOB.email)
  held.resolve()
  expect((await call).status).toBe(401)
  expect(calls()).toHaveLength(1)
})

test('a call that waits for a token is not made as somebody who signed in meanwhile', async () => {
  const { service, browser, calls } = await signedIn()
  const pause = Promise.withResolvers<void>()
  const ada = browser.openTab({}, { sleep: () => pause.promise })
  await ada.getAccessToken()
  browser.skip(900_000)
  service.fail('/auth/refresh', { status: 503 })
  const before = service.refreshes().length
  const call = ada.fetch('/api/things', { method: 'POST', body: 'from Ada' })
  await expect.poll(() => service.refreshes().length).toBe(before + 1)

  await browser.openTab().login(BOB)
  await expect.poll(() => ada.user?.email).toBe(BOB.email)
  pause.resolve()
  expect((await call).status).toBe(401)
  expect(calls()).toMatchObject([{ bearer: undefined }])
})

test('a call that is called off while it waits for a token ends at once', { timeout: 5000 }, async () => {
  const { service, browser, client, calls } = await signedIn()
  browser.skip(1_000_000)
  const held = Promise.withResolvers<void>()
  service.fail('/auth/refresh', { heldBy: held.promise })
  const controller = new AbortController()
  const call = client.fetch('/api/things', { signal: controller.signal })
  await expect.poll(() => service.refreshes()).toHaveLength(1)
  controller.abort()
  await expect(call).rejects.toMatchObject({ name: 'AbortError' })
  await expect(client.fetch('/api/things', { signal: controller.signal })).rejects.toMatchObject({
    name: 'AbortError',
  })

  held.resolve()
  expect((await client.fetch('/api/others')).status).toBe(200)
  expect(calls().map(({ path }) => path)).toEqual(['/api/others'])
  expect(service.refreshes()).toHaveLength(1)
})

test('a call that is called off before it is repeated is not repeated', { timeout: 5000 }, async () => {
  const { service, client, calls } = await signedIn()
  service.expire(client.peek()?.accessToken ?? '')
  const held = Promise.withResolvers<void>()
  service.fail('/auth/refresh', { heldBy: held.promise })
  const controller = new AbortController()
  const call = client.fetch('/api/things', { signal: controller.signal })
  await expect.poll(() => service.refreshes()).toHaveLength(1)
  controller.abort()
  await expect(call).rejects.toMatchObject({ name: 'AbortError' })

  held.resolve()
  expect((await client.fetch('/api/others')).status).toBe(200)
  expect(calls().filter(({ path }) => path === '/api/things')).toHaveLength(1)
})

test('a call begun before it is known who is signed in belongs to whom its token was for', async () => {
  const { service, browser, calls } = await signedIn()
  const reloaded = browser.openTab()
  const held = Promise.withResolvers<void>()
  service.fail('/api/things', { status: 401, body: problem(401, 'TOKEN_EXPIRED')[1], heldBy: held.promise })
  const call = reloaded.fetch('/api/things', { method: 'POST', body: 'from Ada' })
  await expect.poll(calls).toHaveLength(1)
  expect(reloaded.user?.email).toBe(ADA.email)

  await browser.openTab().login(BOB)
  await expect.poll(() => reloaded.user?.email).toBe(BOB.email)
  held.resolve()
  expect((await call).status).toBe(401)
  expect(calls()).toHaveLength(1)
})
