import { describe, expect, test } from 'vitest'
import { startAuth } from '../support/auth.ts'
import { setGenerations } from '../support/stores/look.ts'
import {
  DAY,
  DELIVERIES,
  expectAlive,
  expectRefused,
  generationOf,
  newKey,
  presenting,
  refresh,
  refreshTimes,
  SECOND,
  signIn,
} from './client.ts'

describe.each(DELIVERIES)('in a %s session', (client) => {
  test('g = n: the session moves to n+1, and the answer carries the token of n+1', async () => {
    const world = await startAuth()
    const session = await signIn(world, client)
    const answer = await refresh(world, client, session.refreshToken)
    expect(answer.status).toBe(200)
    expect(generationOf(session.refreshToken)).toBe(0)
    expect(generationOf(answer.refreshToken)).toBe(1)
    expect(answer.body).toMatchObject({ tokenType: 'Bearer', expiresIn: 900, sessionId: session.sessionId })
    expect(answer.body.accessToken).not.toBe(session.accessToken)
    await expectAlive(world, client, answer.refreshToken)
  })

  test('g = n−1 with the key that rotated g: the same token of n again, however late; a fresh access token; nothing moves', async () => {
    const world = await startAuth()
    const session = await signIn(world, client)
    const key = newKey()
    const first = await refresh(world, client, session.refreshToken, { key })
    for (const wait of [0, SECOND, 6 * DAY]) {
      world.clock.now += wait
      const again = await refresh(world, client, session.refreshToken, { key })
      expect(again.status).toBe(200)
      expect(again.refreshToken).toBe(first.refreshToken)
      expect(again.body.accessToken).not.toBe(first.body.accessToken)
    }
    expect(world.events.filter(({ type }) => type.startsWith('refresh.'))).toEqual([])
    await expectAlive(world, client, first.refreshToken)
  })

  test('g = n−1 and the request arrived before the rotation of g was answered: the same token of n', async () => {
    const world = await startAuth()
    const session = await signIn(world, client)
    const answers = await Promise.all([
      refresh(world, client, session.refreshToken),
      refresh(world, client, session.refreshToken, { key: newKey() }),
      refresh(world, client, session.refreshToken, { key: newKey() }),
    ])
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200])
    expect(new Set(answers.map(({ refreshToken }) => refreshToken)).size).toBe(1)
    await expectAlive(world, client, answers[0].refreshToken)
  })

  test('g = n−1 within the grace, which is off unless it is set: the same token of n, until the grace ends', async () => {
    const world = await startAuth({ reuseGraceSeconds: 10 })
    const session = await signIn(world, client)
    const first = await refresh(world, client, session.refreshToken)
    world.clock.now += 10 * SECOND - 1
    const second = await refresh(world, client, session.refreshToken, { key: newKey() })
    expect(second.refreshToken).toBe(first.refreshToken)
    world.clock.now += 1
    expectRefused(await refresh(world, client, session.refreshToken), 401, 'REFRESH_REUSED')
  })

  test('any g < n with a key that is remembered for g: REFRESH_SUPERSEDED; nothing moves, nothing is revoked', async () => {
    const world = await startAuth()
    const session = await signIn(world, client)
    const { tokens, keys, last } = await refreshTimes(world, session, 5)
    // The four last attempts were those of generations 1 to 4; of 4 itself a copy gets the answer again.
    for (const g of [1, 2, 3]) {
      const copy = await refresh(world, client, tokens[g]!, { key: keys[g]! })
      expectRefused(copy, 401, 'REFRESH_SUPERSEDED')
    }
    expect((await refresh(world, client, tokens[4]!, { key: keys[4]! })).refreshToken).toBe(last)
    expect(world.events.filter(({ type }) => type !== 'sign_in.succeeded' && type !== 'key.created')).toEqual(
      [{ type: 'user.registered', userId: session.userId }],
    )
    await expectAlive(world, client, last)
  })

  const thefts: [string, (tokens: string[], keys: string[]) => [string, string | undefined], number][] = [
    ['the token before the last, without a key', (tokens) => [tokens[4]!, undefined], 4],
    ['the token before the last, with another key', (tokens) => [tokens[4]!, newKey()], 4],
    ['the token before the last, with the key of another one', (tokens, keys) => [tokens[4]!, keys[3]!], 4],
    ['an older token, without a key', (tokens) => [tokens[2]!, undefined], 2],
    ['an older token, with another key', (tokens) => [tokens[2]!, newKey()], 2],
    ['the fifth attempt from the end, which is forgotten', (tokens, keys) => [tokens[0]!, keys[0]!], 0],
  ]

  test.each(thefts)(
    'any other g < n: %s: REFRESH_REUSED; the whole session is revoked at once, and the event says which case it was (RR-01)',
    async (_, steal, g) => {
      const world = await startAuth()
      const session = await signIn(world, client)
      const { tokens, keys, last } = await refreshTimes(world, session, 5)
      const [stolen, key] = steal(tokens, keys)
      const answer = await refresh(world, client, stolen, key === undefined ? {} : { key })
      expectRefused(answer, 401, 'REFRESH_REUSED')

      const newest = await refresh(world, client, last)
      expectRefused(newest, 401, 'SESSION_REVOKED')
      expect(newest.body.reason).toBe('reuse_detected')
      const me = await world.send('GET', '/auth/me', { bearer: session.accessToken })
      expect([me.status, me.body.error]).toEqual([401, 'TOKEN_REVOKED'])
      const { sessionId, userId } = session
      expect(world.events.slice(-2)).toEqual([
        {
          type: 'refresh.reused',
          sessionId,
          userId,
          presentedGeneration: g,
          currentGeneration: 5,
          withIdempotencyKey: key !== undefined,
          ip: null,
        },
        { type: 'session.ended', sessionId, userId, reason: 'reuse_detected' },
      ])
    },
  )

  test('g > n, the store went back in time: the token rotates from g to g+1, and an operator can see it', async () => {
    const world = await startAuth()
    const session = await signIn(world, client)
    const { last } = await refreshTimes(world, session, 5)
    await setGenerations(world.store, 2)
    const answer = await refresh(world, client, last, { key: newKey() })
    expect(answer.status).toBe(200)
    expect(generationOf(answer.refreshToken)).toBe(6)
    const { sessionId, userId } = session
    expect(world.events.at(-1)).toEqual({
      type: 'refresh.ahead_of_store',
      sessionId,
      userId,
      presentedGeneration: 5,
      currentGeneration: 2,
    })
    const metrics = await world.auth.fetch(new Request(`${world.url}/metrics`))
    expect(await metrics.text()).toContain('latchkey_events_total{type="refresh.ahead_of_store"} 1')
    await expectAlive(world, client, answer.refreshToken)
  })

  test('unknown session, wrong MAC, wrong kind, garbage, two cookies: REFRESH_INVALID; nothing is revoked', async () => {
    const world = await startAuth()
    const session = await signIn(world, client)
    const other = client === 'browser' ? 'native' : 'browser'
    const elsewhere = await signIn(await startAuth(), client)
    const { refreshToken } = session
    const changed = `${refreshToken.slice(0, -1)}${refreshToken.endsWith('A') ? 'B' : 'A'}`

    for (const token of [elsewhere.refreshToken, changed, 'garbage', '', session.accessToken]) {
      expectRefused(await refresh(world, client, token), 401, 'REFRESH_INVALID')
    }
    expectRefused(await refresh(world, other, refreshToken), 401, 'REFRESH_INVALID')
    const cookies = `__Host-latchkey=${refreshToken}; __Host-latchkey=${refreshToken}`
    expectRefused(
      await world.send('POST', '/auth/refresh', { headers: { cookie: cookies } }),
      401,
      'REFRESH_INVALID',
    )
    await expectAlive(world, client, refreshToken)
  })

  test('session revoked earlier: SESSION_REVOKED with the reason', async () => {
    const world = await startAuth()
    const loggedOut = await signIn(world, client)
    await world.send('POST', '/auth/logout', presenting(client, loggedOut.refreshToken))
    const ended = await signIn(world, client)
    await world.auth.sessions.revokeAll(ended.userId)
    for (const [session, reason] of [
      [loggedOut, 'logout'],
      [ended, 'revoked_by_operator'],
    ] as const) {
      const answer = await refresh(world, client, session.refreshToken)
      expectRefused(answer, 401, 'SESSION_REVOKED')
      expect(answer.body.reason).toBe(reason)
    }
  })

  test.each([
    ['idle', 7],
    ['absolute', 30],
  ])(
    '%s lifetime over: REFRESH_EXPIRED, and the session is ended for good, whatever a clock does later',
    async (lifetime, days) => {
      const world = await startAuth(lifetime === 'absolute' ? { idleTtlSeconds: 60 * 86_400 } : {})
      const start = world.clock.now
      const session = await signIn(world, client)
      world.clock.now = start + days * DAY
      expectRefused(await refresh(world, client, session.refreshToken), 401, 'REFRESH_EXPIRED')
      expect(world.events.at(-1)).toMatchObject({ type: 'session.ended', reason: 'expired' })

      for (const now of [start + SECOND, start - DAY, start + 90 * DAY]) {
        world.clock.now = now
        expectRefused(await refresh(world, client, session.refreshToken), 401, 'REFRESH_EXPIRED')
      }
      world.clock.now = start
      const me = await world.send('GET', '/auth/me', { bearer: session.accessToken })
      expect(me.body.error).toBe('TOKEN_REVOKED')
    },
  )

  test('the store cannot be reached: STORE_UNAVAILABLE with Retry-After; nothing moved', async () => {
    const world = await startAuth()
    const session = await signIn(world, client)
    await world.auth.close()
    const answer = await refresh(world, client, session.refreshToken, { key: newKey() })
    expectRefused(answer, 503, 'STORE_UNAVAILABLE')
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0)
  })

  test('cookie and body token together (NC-01), or an Idempotency-Key that is not one: INVALID_REQUEST; nothing moves', async () => {
    const world = await startAuth()
    const { refreshToken } = await signIn(world, client)
    const both = { cookie: refreshToken, body: { refreshToken } }
    expectRefused(await world.send('POST', '/auth/refresh', both), 400, 'INVALID_REQUEST')
    const short = await refresh(world, client, refreshToken, { key: 'too-short' })
    expectRefused(short, 400, 'INVALID_REQUEST')
    await expectAlive(world, client, refreshToken)
  })

  test('no token at all: REFRESH_MISSING', async () => {
    const world = await startAuth()
    const nothing = client === 'browser' ? {} : { body: {} }
    expectRefused(await world.send('POST', '/auth/refresh', nothing), 401, 'REFRESH_MISSING')
  })
})
