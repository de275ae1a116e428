import { expect, test } from 'vitest'
import { expectAlive, newKey, refresh } from '../refresh/client.ts'
import { over, signUpAt } from '../refresh/over-http.ts'
import type { Answer } from '../support/auth.ts'
import { lockWrites } from '../support/stores/look.ts'
import { startSite, urlOf } from './site.ts'

const LONGEST_WAIT_MS = 10_000
const PROMPT_MS = 1_000

test('a pool of connections that runs dry makes requests wait or answers 503 after a bounded wait, never 401 or 500 (SO-11)', async (context) => {
  const settings = { LATCHKEY_DATABASE_POOL: '3', LATCHKEY_DATABASE_TIMEOUT: '1' }
  const site = await startSite(context, { nodes: 1, redis: false, settings })
  const node = over(urlOf(site, 0))
  const people = await Promise.all(Array.from({ length: 20 }, () => signUpAt(urlOf(site, 0), 'native')))
  const crowding = Array.from({ length: 300 }, () => people[Math.floor(Math.random() * people.length)]!)
  const busy = await Promise.all(
    crowding.map(({ accessToken }) => node.send('GET', '/auth/sessions', { bearer: accessToken })),
  )
  expectServedOrPutOff(busy)

  // Every connection waits for a lock that somebody else holds.
  const release = await lockWrites(site.store)
  const start = performance.now()
  const refused = Promise.all(
    people.flatMap(({ refreshToken, accessToken }) => [
      refresh(node, 'native', refreshToken, { key: newKey() }),
      node.send('DELETE', '/auth/sessions', { bearer: accessToken }),
      node.send('GET', '/auth/me', { bearer: accessToken }),
    ]),
  )
  const health = performance.now()
  expect((await node.send('GET', '/healthz')).status).toBe(200)
  expect(performance.now() - health).toBeLessThan(PROMPT_MS)
  expectServedOrPutOff(await refused)
  expect(performance.now() - start).toBeLessThan(LONGEST_WAIT_MS)
  await release()
  for (const { refreshToken } of people) await expectAlive(node, 'native', refreshToken)
})

function expectServedOrPutOff(answers: readonly Answer[]): void {
  for (const { status, headers } of answers) {
    expect([200, 204, 503]).toContain(status)
    if (status === 503) expect(Number(headers.get('retry-after'))).toBeGreaterThan(0)
  }
}
