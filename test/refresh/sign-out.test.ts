import { describe, expect, test } from 'vitest'
import { startAuth } from '../support/auth.ts'
import {
  DAY,
  DELIVERIES,
  expectAlive,
  expectRefused,
  presenting,
  refresh,
  refreshTimes,
  restart,
  SECOND,
  signIn,
} from './client.ts'

const CLEARED = '__Host-latchkey=; Path=/; HttpOnly; Secure; SameSite=Strict; Max-Age=0'

describe.each(DELIVERIES)('signing out of a %s session', (client) => {
  test('ends it: neither token works any more, here or after a restart (LO-01)', async () => {
    const world = await startAuth()
    const session = await signIn(world, client)
    const answer = await world.send('POST', '/auth/logout', presenting(client, session.refreshToken))
    expect([answer.status, answer.body]).toEqual([204, null])
    expect(world.events.at(-1)).toMatchObject({ type: 'session.ended', reason: 'logout' })
    expectRefused(await refresh(world, client, session.refreshToken), 401, 'SESSION_REVOKED')

    const again = await restart(world)
    expectRefused(await refresh(again, client, session.refreshToken), 401, 'SESSION_REVOKED')
    const me = await again.send('GET', '/auth/me', { bearer: session.accessToken })
    expect(me.body.error).toBe('TOKEN_REVOKED')
  })

  test('works with a refresh token of any generation', async () => {
    const world = await startAuth()
    const session = await signIn(world, client)
    const { last } = await refreshTimes(world, session, 6)
    const answer = await world.send('POST', '/auth/logout', presenting(client, session.refreshToken))
    expect(answer.status).toBe(204)
    const newest = await refresh(world, client, last)
    expectRefused(newest, 401, 'SESSION_REVOKED')
    expect(newest.body.reason).toBe('logout')
    expect(world.events.filter(({ type }) => type === 'refresh.reused')).toEqual([])
  })

  test('works with the access token alone, also with an expired one', async () => {
    const world = await startAuth()
    for (const wait of [0, 3600 * SECOND]) {
      const session = await signIn(world, client)
      world.clock.now += wait
      const answer = await world.send('POST', '/auth/logout', { bearer: session.accessToken })
      expect(answer.status).toBe(204)
      expectRefused(await refresh(world, client, session.refreshToken), 401, 'SESSION_REVOKED')
    }
  })

  test('twice, or of a session that is over, is no error, and changes nothing (LO-02)', async () => {
    const world = await startAuth()
    const session = await signIn(world, client)
    const idle = await signIn(world, client)
    const presented = presenting(client, session.refreshToken)
    for (let i = 0; i < 3; i++) expect((await world.send('POST', '/auth/logout', presented)).status).toBe(204)
    expect(world.events.filter(({ type }) => type === 'session.ended')).toHaveLength(1)

    world.clock.now += 8 * DAY
    expectRefused(await refresh(world, client, idle.refreshToken), 401, 'REFRESH_EXPIRED')
    const late = await world.send('POST', '/auth/logout', presenting(client, idle.refreshToken))
    expect(late.status).toBe(204)
    expectRefused(await refresh(world, client, idle.refreshToken), 401, 'REFRESH_EXPIRED')
  })

  test('is not acknowledged when it could not be recorded', async () => {
    const world = await startAuth()
    const session = await signIn(world, client)
    await world.auth.close()
    const answer = await world.send('POST', '/auth/logout', presenting(client, session.refreshToken))
    expectRefused(answer, 503, 'STORE_UNAVAILABLE')
    const again = await restart(world)
    await expectAlive(again, client, session.refreshToken)
  })

  test('is done by nobody else: a token that proves nothing ends nothing (LO-02)', async () => {
    const world = await startAuth()
    const session = await signIn(world, client)
    const forged = spoil(session.refreshToken)
    const spoilt = spoil(session.accessToken)
    for (const attempt of [
      presenting(client, forged),
      presenting(client, 'garbage'),
      { bearer: spoilt },
      { bearer: 'garbage' },
      { bearer: '' },
      {},
    ]) {
      expect((await world.send('POST', '/auth/logout', attempt)).status).toBe(204)
    }
    await expectAlive(world, client, session.refreshToken)
  })
})

test('signing out clears the cookie with the very attributes that it was set with, whatever came (LO-03)', async () => {
  const world = await startAuth()
  const { refreshToken } = await signIn(world, 'browser')
  for (const attempt of [{ cookie: refreshToken }, { cookie: 'garbage' }, {}]) {
    const { headers } = await world.send('POST', '/auth/logout', attempt)
    expect(headers.get('set-cookie')).toBe(CLEARED)
  }
})

test('signing out with two cookies of the name ends both sessions: one of them is the user own', async () => {
  const world = await startAuth()
  const [one, other] = [await signIn(world, 'browser'), await signIn(world, 'browser')]
  const cookie = `__Host-latchkey=${one.refreshToken}; __Host-latchkey=${other.refreshToken}`
  expect((await world.send('POST', '/auth/logout', { headers: { cookie } })).status).toBe(204)
  for (const { refreshToken } of [one, other]) {
    expectRefused(await refresh(world, 'browser', refreshToken), 401, 'SESSION_REVOKED')
  }
})

test('a form that is malformed signs nobody out', async () => {
  const world = await startAuth()
  const { refreshToken } = await signIn(world, 'native')
  const answer = await world.send('POST', '/auth/logout', { body: { refreshToken: [refreshToken] } })
  expect(answer.status).toBe(400)
  await expectAlive(world, 'native', refreshToken)
})

/** With another third-last character: never by chance the token itself. */
function spoil(token: string): string {
  return `${token.slice(0, -3)}${token.at(-3) === 'A' ? 'B' : 'A'}${token.slice(-2)}`
}
