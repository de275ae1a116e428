import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { PASSWORD, sendTo } from '../support/auth.ts'
import { type Service, startService } from '../support/service.ts'

const EMAIL = 'ada@example.com'
/** Dear hashes on one thread: a handful of sign-ins is a storm already. */
const DEAR_HASHING = {
  LATCHKEY_HASH_MEMORY: '65536',
  LATCHKEY_HASH_ITERATIONS: '3',
  LATCHKEY_HASH_WORKERS: '1',
  LATCHKEY_HASH_QUEUE: '20',
}

/** A refresh that had to wait behind the queue would take several times as long. */
const QUEUE_TAKES_MS = 1_000

function send({ url }: Service, path: string, body: unknown) {
  return sendTo(fetch, url, 'POST', path, { body })
}

/** How long refreshes and a look at the key set take, one after the other: their 90th percentile in milliseconds. */
async function refreshLatency(service: Service, refreshToken: string, count: number) {
  const times: number[] = []
  let token = refreshToken
  for (let i = 0; i < count; i++) {
    const start = performance.now()
    const { status, body } = await send(service, '/auth/refresh', { refreshToken: token })
    expect(status).toBe(200)
    token = body.refreshToken
    expect((await fetch(`${service.url}/.well-known/jwks.json`)).status).toBe(200)
    times.push(performance.now() - start)
  }
  const p90 = times.toSorted((a, b) => a - b)[Math.floor(count * 0.9)] as number
  return { p90, refreshToken: token }
}

function peakMegabytes({ process }: Service): number {
  const status = readFileSync(`/proc/${process.pid}/status`, 'utf8')
  return Number(/VmHWM:\s+(\d+)/.exec(status)?.[1]) / 1024
}

test('DS-02: of 200 sign-ins at once some are done, the rest are told at once to come back, and refreshes keep their pace', async () => {
  const service = await startService(DEAR_HASHING)
  const signUp = await send(service, '/auth/register', { email: EMAIL, password: PASSWORD, client: 'native' })
  expect(signUp.status).toBe(201)
  const calm = await refreshLatency(service, signUp.body.refreshToken, 30)

  let storming = true
  const statuses = new Map<number, number>()
  let quickest = Number.POSITIVE_INFINITY
  const attacker = async () => {
    while (storming) {
      const start = performance.now()
      const { status, body, headers } = await send(service, '/auth/login', {
        email: EMAIL,
        password: 'a wrong one',
      })
      statuses.set(status, (statuses.get(status) ?? 0) + 1)
      if (status === 503) {
        quickest = Math.min(quickest, performance.now() - start)
        expect(body.error).toBe('OVERLOADED')
        expect(Number(headers.get('retry-after'))).toBeGreaterThan(0)
        // An honest client comes back later; the storm is those who do not, at a rate that two cores can send.
        await new Promise((resolve) => setTimeout(resolve, 200))
      }
    }
  }
  const storm = Array.from({ length: 200 }, attacker)
  const during = await refreshLatency(service, calm.refreshToken, 60)
  storming = false
  await Promise.all(storm)

  expect([...statuses.keys()].toSorted()).toEqual([401, 503])
  expect(quickest, 'refused without a wait').toBeLessThan(100)
  expect(during.p90, `calm: ${calm.p90} ms`).toBeLessThan(Math.max(4 * calm.p90, QUEUE_TAKES_MS))
  expect(peakMegabytes(service)).toBeLessThan(400)
  expect(
    (await send(service, '/auth/login', { email: EMAIL, password: PASSWORD })).status,
    'and it passes',
  ).toBe(200)
}, 60_000)

test('DS-01: a password of a megabyte, or ten, is turned away before anything hashes it', async () => {
  const service = await startService(DEAR_HASHING)
  const before = peakMegabytes(service)
  const start = performance.now()
  const answers = await Promise.all(
    Array.from({ length: 100 }, (_, i) =>
      send(service, '/auth/login', {
        email: EMAIL,
        password: 'x'.repeat(i % 10 === 0 ? 10_000_000 : 1_000_000),
      }).then(
        ({ status }) => status,
        // It closes the connection on who goes on sending.
        () => 413,
      ),
    ),
  )
  expect(new Set(answers)).toEqual(new Set([413]))
  const metrics = await (await fetch(`${service.url}/metrics`)).text()
  expect(metrics).toContain('latchkey_hashing_queue 0')
  expect(metrics, 'no sign-in was tried').not.toContain('sign_in.failed')
  expect(performance.now() - start).toBeLessThan(10_000)
  expect(peakMegabytes(service) - before, 'megabytes that it took').toBeLessThan(150)

  const longest = await send(service, '/auth/login', { email: EMAIL, password: 'x'.repeat(16_000) })
  expect(longest.status, 'what fits into a body is checked like any other').toBe(401)
}, 60_000)
