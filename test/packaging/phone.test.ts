import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { type Phone, startPhone } from './phone/phone.ts'
import { startService } from './service.ts'

const ADA = { email: 'ada@example.com', password: 'a long enough phrase' }

phoneTest('the client signs up, refreshes, calls the service and signs out', async (phone, baseUrl) => {
  const auth = phone.client.createAuthClient({ baseUrl, storage: phone.storage })
  expect(await auth.register(ADA)).toMatchObject({ email: ADA.email })
  const first = await auth.getAccessToken()
  expect(await auth.refresh()).not.toBe(first)

  const answer = await auth.fetch(`${baseUrl}/auth/me`)
  expect(await answer.json()).toMatchObject({ user: { email: ADA.email } })

  await auth.logout()
  expect(auth.status).toBe('signed-out')
  expect(await auth.getAccessToken()).toBeNull()
})

phoneTest('the app finds its session again when it next starts', async (phone, baseUrl, restart) => {
  await phone.client.createAuthClient({ baseUrl, storage: phone.storage }).register(ADA)
  const later = await restart()
  const auth = later.client.createAuthClient({ baseUrl, storage: later.storage })

  expect(await auth.getAccessToken()).toEqual(expect.any(String))
  expect(auth.user).toMatchObject({ email: ADA.email })
})

phoneTest('an answer that is lost costs nothing: the same attempt is sent again', async (phone, baseUrl) => {
  const auth = phone.client.createAuthClient({ baseUrl, storage: phone.storage })
  await auth.register(ADA)
  phone.network.answers = 'lost'
  const refreshed = auth.refresh()
  await expect.poll(() => refreshes(phone)).toHaveLength(1)
  phone.network.answers = 'delivered'

  expect(await refreshed).toEqual(expect.any(String))
  expect(auth.status).toBe('signed-in')
  const [lost, ...repeated] = refreshes(phone)
  expect(repeated).toEqual([lost])
  expect((await auth.fetch(`${baseUrl}/auth/me`)).status).toBe(200)
})

phoneTest(
  'an app that is killed before the answer comes is still signed in',
  async (phone, baseUrl, restart) => {
    const auth = phone.client.createAuthClient({ baseUrl, storage: phone.storage })
    await auth.register(ADA)
    phone.network.answers = 'held'
    void auth.refresh()
    await expect.poll(() => refreshes(phone)).toHaveLength(1)

    const later = await restart()
    const again = later.client.createAuthClient({ baseUrl, storage: later.storage })
    expect(await again.getAccessToken()).toEqual(expect.any(String))
    expect(refreshes(later)).toEqual(refreshes(phone))
    expect((await again.fetch(`${baseUrl}/auth/me`)).status).toBe(200)
  },
)

phoneTest('a call whose token an API calls expired is made again, body and all', async (phone, baseUrl) => {
  const api = await startApi()
  const auth = phone.client.createAuthClient({ baseUrl, storage: phone.storage, origins: [api.origin] })
  await auth.register(ADA)
  api.expired = `Bearer ${await auth.getAccessToken()}`

  const answer = await auth.fetch(`${api.origin}/orders`, { method: 'POST', body: 'one lamp' })
  expect([answer.status, await answer.text()]).toEqual([200, 'one lamp'])
  expect(refreshes(phone)).toHaveLength(1)
})

/** Calls one `Authorization` expired, and answers every other with the body that came. */
async function startApi(): Promise<{ origin: string; expired: string }> {
  const api = { origin: '', expired: '' }
  const server = createServer((request, response) => {
    if (request.headers.authorization !== api.expired) return request.pipe(response)
    response.writeHead(401, { 'content-type': 'application/problem+json' })
    return response.end(JSON.stringify({ error: 'TOKEN_EXPIRED', status: 401 }))
  })
  onTestFinished(() => void server.close())
  await once(server.listen(0, '127.0.0.1'), 'listening')
  api.origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return api
}

/** The `Idempotency-Key` of each refresh that the service has answered. */
function refreshes({ network }: Phone): (string | null)[] {
  const sent = network.arrived.filter(({ path }) => path === '/auth/refresh')
  return sent.map(({ idempotencyKey }) => idempotencyKey)
}

/** `restart` kills the app and starts it anew, on the same phone. */
function phoneTest(
  name: string,
  run: (phone: Phone, baseUrl: string, restart: () => Promise<Phone>) => Promise<void>,
): void {
  test(`on a phone, ${name}`, async () => {
    const { origin } = await startService()
    const items = new Map<string, string>()
    const phone = await startPhone(items)
    const restart = () => {
      phone.kill()
      return startPhone(items)
    }
    await run(phone, origin, restart).catch((error: unknown) => {
      throw new Error(chain(error), { cause: error })
    })
  })
}

/** An error with its causes, the last of which names what the phone lacks: `navigator is not defined`. */
function chain(error: unknown): string {
  const { name, message, cause } = error as Error
  return cause === undefined ? `${name}: ${message}` : `${name}: ${message}, because of ${chain(cause)}`
}
