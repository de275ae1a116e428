import { describe, expect, test } from 'vitest'
import { startAuth, type TestAuth } from '../support/auth.ts'
import { type Along, DAY, expectAlive, expectRefused, refresh, refreshTimes, signIn } from './client.ts'

// Well-formed, then MAC and kind with the Bearer rule, then revoked, then expired, then the generation.

const BAD_KEY: Along = { key: 'too-short' }

async function aSpentToken(world: TestAuth) {
  const session = await signIn(world, 'native')
  const { tokens, last } = await refreshTimes(world, session, 2)
  return { session, spent: tokens[0]!, last }
}

const forged = (token: string) => `${token.slice(0, -3)}${token.endsWith('AAA') ? 'BBB' : 'AAA'}`

describe('what is not well-formed is said first', () => {
  test('before a wrong MAC', async () => {
    const world = await startAuth()
    const { refreshToken } = await signIn(world, 'native')
    expectRefused(await refresh(world, 'native', forged(refreshToken), BAD_KEY), 400, 'INVALID_REQUEST')
  })

  test('before two cookies of the name', async () => {
    const world = await startAuth()
    const { refreshToken } = await signIn(world, 'browser')
    const cookie = `__Host-latchkey=${refreshToken}; __Host-latchkey=${refreshToken}`
    const headers = { cookie, 'idempotency-key': 'too-short' }
    expectRefused(await world.send('POST', '/auth/refresh', { headers }), 400, 'INVALID_REQUEST')
  })

  test('before a revoked session, an expired one and a spent token, which no request revokes that is malformed', async () => {
    const world = await startAuth()
    const { session, spent, last } = await aSpentToken(world)
    expectRefused(await refresh(world, 'native', spent, BAD_KEY), 400, 'INVALID_REQUEST')
    const alive = await expectAlive(world, 'native', last)
    await world.auth.sessions.revokeAll(session.userId)
    expectRefused(await refresh(world, 'native', alive, BAD_KEY), 400, 'INVALID_REQUEST')
    world.clock.now += 90 * DAY
    expectRefused(await refresh(world, 'native', alive, BAD_KEY), 400, 'INVALID_REQUEST')
  })
})

describe('a token that proves nothing learns nothing', () => {
  test.each([
    ['a wrong MAC', (token: string) => [forged(token), 'native', {}] as const],
    ['the wrong kind', (token: string) => [token, 'browser', {}] as const],
    [
      'an access token of another session',
      (token: string, bearer: string) => [token, 'native', { bearer }] as const,
    ],
  ])(
    '%s is REFRESH_INVALID whether the session lives, was revoked or has expired, and ends nothing',
    async (_, present) => {
      const world = await startAuth()
      const { session, spent, last } = await aSpentToken(world)
      const stranger = await signIn(world, 'native')
      const attempt = async (token: string) => {
        const [presented, client, along] = present(token, stranger.accessToken)
        return await refresh(world, client, presented, along)
      }

      expectRefused(await attempt(spent), 401, 'REFRESH_INVALID')
      const alive = await expectAlive(world, 'native', last)
      world.clock.now += 8 * DAY
      expectRefused(await attempt(alive), 401, 'REFRESH_INVALID')
      world.clock.now -= 8 * DAY
      const stillAlive = await expectAlive(world, 'native', alive)
      await world.auth.sessions.revokeAll(session.userId)
      expectRefused(await attempt(stillAlive), 401, 'REFRESH_INVALID')
    },
  )
})

test('a revoked session is SESSION_REVOKED, also when it would have expired by now', async () => {
  const world = await startAuth()
  const { session, last } = await aSpentToken(world)
  await world.auth.sessions.revokeAll(session.userId)
  world.clock.now += 90 * DAY
  const answer = await refresh(world, 'native', last)
  expectRefused(answer, 401, 'SESSION_REVOKED')
  expect(answer.body.reason).toBe('revoked_by_operator')
})

test('a spent token of a revoked session is SESSION_REVOKED, and no second alarm', async () => {
  const world = await startAuth()
  const { session, spent } = await aSpentToken(world)
  await world.auth.sessions.revokeAll(session.userId)
  const before = world.events.length
  expectRefused(await refresh(world, 'native', spent), 401, 'SESSION_REVOKED')
  expect(world.events).toHaveLength(before)
})

test('a spent token of an expired session is REFRESH_EXPIRED, and no alarm', async () => {
  const world = await startAuth()
  const { spent } = await aSpentToken(world)
  world.clock.now += 8 * DAY
  expectRefused(await refresh(world, 'native', spent), 401, 'REFRESH_EXPIRED')
  expect(world.events.filter(({ type }) => type === 'refresh.reused')).toEqual([])
})
