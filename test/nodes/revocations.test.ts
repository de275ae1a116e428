import { createVerifier } from '@latchkey/verifier'
import { expect, inject, onTestFinished, test } from 'vitest'
import { queryPostgres, withRedis } from '../../packages/server/src/stores/testing/servers/by-hand.ts'
import { expectRefused, refresh } from '../refresh/client.ts'
import { over, signUpAt } from '../refresh/over-http.ts'
import { Listener } from '../revocations/listener.ts'
import type { Service } from '../support/service.ts'
import { type Environment, newPlace, registerApi, startNodes } from './nodes.ts'

const TIMEOUT_MS = 120_000
/** What is promised is a second. */
const PROMISED_MS = 1_000
const CUTS = 8

test('a session that one node ends is over at the others, for their readers and for an API that hears one of them, within a second (LO-01)', {
  timeout: TIMEOUT_MS,
}, async () => {
  const place = await newPlace()
  const api = await registerApi(place)
  const [one, other] = (await startNodes(2, place)) as [Service, Service]
  const reader = await Listener.current(other.url, api)
  const verifier = createVerifier({
    issuer: place.LATCHKEY_URL as string,
    audience: place.LATCHKEY_URL as string,
    jwksUrl: `${other.url}/.well-known/jwks.json`,
    revocations: { url: `${other.url}/auth/revocations`, clientId: api.id, clientSecret: api.secret },
  })
  onTestFinished(() => verifier.close())
  await verifier.ready()
  for (let i = 0; i < 3; i++) {
    const { accessToken, refreshToken, sessionId } = await signUpAt(one.url, 'native')
    await verifier.verify(accessToken)
    await signOut(one, refreshToken)
    // The store knows at once, whoever is asked.
    expectRefused(await refresh(over(other.url), 'native', refreshToken), 401, 'SESSION_REVOKED')
    await reader.hears({ sid: sessionId }, PROMISED_MS)
    const verdict = () =>
      verifier.verify(accessToken).then(
        () => 'accepted',
        ({ code }) => code,
      )
    await expect.poll(verdict, { timeout: PROMISED_MS, interval: 10 }).toBe('TOKEN_REVOKED')
    const me = await over(other.url).send('GET', '/auth/me', { bearer: accessToken })
    expect([me.status, me.body.error]).toEqual([401, 'TOKEN_REVOKED'])
  }
})

test('a reader of one node goes on at another from the last event that it took in, and misses nothing', {
  timeout: TIMEOUT_MS,
}, async () => {
  const place = await newPlace()
  const api = await registerApi(place)
  const [one, other] = (await startNodes(2, place)) as [Service, Service]
  const sessions = await Promise.all(Array.from({ length: 6 }, () => signUpAt(one.url, 'native')))
  const reader = await Listener.current(one.url, api)
  for (const { refreshToken, sessionId } of sessions.slice(0, 3)) {
    await signOut(other, refreshToken)
    await reader.hears({ sid: sessionId }, PROMISED_MS)
  }
  await one.kill()
  for (const { refreshToken } of sessions.slice(3, 5)) await signOut(other, refreshToken)
  const later = await Listener.current(other.url, api, reader.lastEventId())
  await signOut(other, sessions[5]!.refreshToken)
  await later.hears({ sid: sessions[5]!.sessionId })
  expect(later.snapshot(), 'it goes on from where it was').toEqual([])
  expect(later.revoked().map(({ sid }) => sid)).toEqual(sessions.slice(3).map(({ sessionId }) => sessionId))
})

/** How a node loses the connection that it hears of the others by, as at a failover; resolves to how many were lost. */
const CUT: Record<string, (place: Environment) => Promise<number>> = {
  'LISTEN on PostgreSQL': async ({ LATCHKEY_DATABASE_URL }) => {
    const rows = await queryPostgres(
      LATCHKEY_DATABASE_URL as string,
      "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and query in ('', 'listen latchkey_revocations')",
    )
    return rows.length
  },
  'every connection to PostgreSQL': async ({ LATCHKEY_DATABASE_URL }) => {
    const rows = await queryPostgres(
      LATCHKEY_DATABASE_URL as string,
      'select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()',
    )
    return rows.length
  },
  'pub/sub of Redis': async ({ LATCHKEY_REDIS_URL }) =>
    await withRedis(LATCHKEY_REDIS_URL as string, async (redis) =>
      Number(await redis.call('CLIENT', 'KILL', 'TYPE', 'pubsub')),
    ),
}
const WAYS = {
  sqlite: [],
  postgres: ['LISTEN on PostgreSQL', 'every connection to PostgreSQL'],
  redis: ['pub/sub of Redis', 'every connection to PostgreSQL'],
}[inject('store')]

test.for(WAYS)(
  '%s is lost at the moment of a sign-out: the other node knows within a second all the same',
  {
    timeout: TIMEOUT_MS,
  },
  async (way) => {
    const place = await newPlace()
    const api = await registerApi(place)
    const [one, other] = (await startNodes(2, place)) as [Service, Service]
    const reader = await Listener.current(other.url, api)
    const sessions = await Promise.all(Array.from({ length: CUTS }, () => signUpAt(one.url, 'native')))
    let cut = 0
    for (const { accessToken, refreshToken, sessionId } of sessions) {
      const [lost] = await Promise.all([CUT[way]!(place), signOut(one, refreshToken)])
      cut += lost
      await reader.hears({ sid: sessionId }, PROMISED_MS)
      const refused = async () => {
        const me = await over(other.url).send('GET', '/auth/me', { bearer: accessToken })
        return me.body.error
      }
      await expect.poll(refused, { timeout: PROMISED_MS, interval: 10 }).toBe('TOKEN_REVOKED')
    }
    expect(cut).toBeGreaterThanOrEqual(CUTS)
    const heard = reader.revoked().map(({ sid }) => sid)
    expect(new Set(heard).size, 'nothing is told twice').toBe(heard.length)
  },
)

/** Says it again where the store was away at that moment. */
async function signOut({ url }: Service, refreshToken: string): Promise<void> {
  for (;;) {
    const { status } = await over(url).send('POST', '/auth/logout', { body: { refreshToken } })
    if (status === 204) return
    expect(status).toBe(503)
  }
}
