// What the service does when what it stands on gives way: the file, the machine, the process itself.
// What a store promises is tested beside it, in packages/server/src/stores.
import { expect, test } from 'vitest'
import { lockFile } from '../../packages/server/src/stores/sql/testing/file-lock.ts'
import { expectAlive, expectRefused, newKey, refresh, signInAgain } from '../refresh/client.ts'
import { over, signUpAt } from '../refresh/over-http.ts'
import { type Answer, PASSWORD } from '../support/auth.ts'
import { startService } from '../support/service.ts'
import { fileOf } from '../support/stores/store.ts'

/** The bounded wait of 2 s for the request in work and at most one behind it, and what a busy machine adds. */
const LONGEST_WAIT_MS = 6_000
const PROMPT_MS = 1_000

test('a file that another process keeps locked is answered with 503 and Retry-After after a bounded wait, and nobody is signed out (SO-01)', async () => {
  const { url, store } = await startService()
  const service = over(url)
  const session = await signUpAt(url, 'native')
  const leaving = await signUpAt(url, 'native')
  const key = newKey()
  const release = await lockFile(fileOf(store))

  const start = performance.now()
  const refused = Promise.all<Answer>([
    refresh(service, 'native', session.refreshToken, { key }),
    service.send('POST', '/auth/login', { body: { email: session.email, password: PASSWORD } }),
    service.send('POST', '/auth/logout', { body: { refreshToken: leaving.refreshToken } }),
    service.send('GET', '/readyz'),
  ])
  // Reading needs no lock, and the event loop goes round meanwhile.
  const me = await service.send('GET', '/auth/me', { bearer: session.accessToken })
  expect(me.status).toBe(200)
  const slowest = await slowestHealthCheckUntil(refused, url)

  for (const answer of await refused) {
    expectRefused(answer, 503, 'STORE_UNAVAILABLE')
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0)
  }
  expect(performance.now() - start).toBeLessThan(LONGEST_WAIT_MS)
  expect(slowest).toBeLessThan(PROMPT_MS)

  await release()
  expect((await fetch(`${url}/readyz`)).status).toBe(200)
  const retried = await refresh(service, 'native', session.refreshToken, { key })
  expect(retried.status).toBe(200)
  await expectAlive(service, 'native', retried.refreshToken)
  await expectAlive(service, 'native', leaving.refreshToken)
  await signInAgain(service, 'native', session.email)
})

test('of 600 refreshes that wait for a locked file none waits longer than the first two', async () => {
  const { url, store } = await startService()
  const { refreshToken } = await signUpAt(url, 'native')
  const key = newKey()
  const release = await lockFile(fileOf(store))
  const start = performance.now()
  const answers = await Promise.all(
    Array.from({ length: 600 }, () => refresh(over(url), 'native', refreshToken, { key })),
  )
  expect(performance.now() - start).toBeLessThan(LONGEST_WAIT_MS)
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([503]))
  await release()
  const retried = await refresh(over(url), 'native', refreshToken, { key })
  await expectAlive(over(url), 'native', retried.refreshToken)
})

test('a file that is locked for a moment only is waited for: nobody notices', async () => {
  const { url, store } = await startService()
  const { refreshToken } = await signUpAt(url, 'native')
  const release = await lockFile(fileOf(store))
  const [answer] = await Promise.all([refresh(over(url), 'native', refreshToken), release()])
  expect(answer.status).toBe(200)
  await expectAlive(over(url), 'native', answer.refreshToken)
})

/** How long the slowest of many health checks took, one after the other, until something is settled. */
async function slowestHealthCheckUntil(settled: Promise<unknown>, url: string): Promise<number> {
  let done = false
  const finish = () => {
    done = true
  }
  settled.then(finish, finish)
  let slowest = 0
  while (!done) {
    const start = performance.now()
    expect((await fetch(`${url}/healthz`)).status).toBe(200)
    slowest = Math.max(slowest, performance.now() - start)
  }
  return slowest
}
