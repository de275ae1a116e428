import { describe, expect, test } from 'vitest'
import { startAuth } from '../support/auth.ts'
import { DAY, DELIVERIES, expectRefused, refresh, SECOND, signIn, signInAgain } from './client.ts'

const claimsOf = (token: string) => JSON.parse(Buffer.from(token.split('.')[1]!, 'base64url').toString())

describe.each(DELIVERIES)('a %s session', (client) => {
  test('that is idle for too long is over, and no longer listed (RR-17)', async () => {
    const world = await startAuth({ idleTtlSeconds: 3600 })
    const idle = await signIn(world, client)
    const inUse = await signInAgain(world, client, idle.email)
    world.clock.now += 3600 * SECOND - 1
    const refreshed = await refresh(world, client, inUse.refreshToken)
    const { accessToken } = refreshed.body
    const list = async () =>
      (await world.send('GET', '/auth/sessions', { bearer: accessToken })).body.sessions
    expect(await list()).toHaveLength(2)

    world.clock.now += 1
    expect(await list()).toMatchObject([{ id: inUse.sessionId, current: true }])
    expectRefused(await refresh(world, client, idle.refreshToken), 401, 'REFRESH_EXPIRED')
    expect((await refresh(world, client, refreshed.refreshToken)).status).toBe(200)
  })

  test('that is refreshed again and again ends at its absolute end all the same, and nothing outlives it (RR-18, RR-19)', async () => {
    const world = await startAuth({ idleTtlSeconds: 3600, sessionTtlSeconds: 86_400 })
    const session = await signIn(world, client)
    const end = world.clock.now + DAY
    let token = session.refreshToken
    for (;;) {
      world.clock.now += 3599 * SECOND
      const answer = await refresh(world, client, token)
      if (world.clock.now >= end) {
        expectRefused(answer, 401, 'REFRESH_EXPIRED')
        break
      }
      expect(answer.status).toBe(200)
      token = answer.refreshToken
      expect(claimsOf(answer.body.accessToken).exp * SECOND).toBeLessThanOrEqual(end)
      expect(answer.body.expiresIn).toBeLessThanOrEqual((end - world.clock.now) / SECOND)
      const offered = client === 'native' ? answer.body.refreshExpiresIn : maxAgeOf(answer.headers)
      expect(world.clock.now + offered * SECOND).toBeLessThanOrEqual(end)
    }
  })

  test('gives an access token that ends with it, when it ends sooner than one would (RR-19)', async () => {
    const world = await startAuth({ sessionTtlSeconds: 3600 })
    const session = await signIn(world, client)
    const end = Math.floor((world.clock.now + 3600 * SECOND) / SECOND)
    world.clock.now += 3590 * SECOND
    const { body } = await refresh(world, client, session.refreshToken)
    expect(claimsOf(body.accessToken).exp).toBe(end)
    expect([9, 10]).toContain(body.expiresIn)
    world.clock.now += 16 * SECOND
    const me = await world.send('GET', '/auth/me', { bearer: body.accessToken })
    expect(me.body.error).toBe('TOKEN_EXPIRED')
  })

  test('leaves an access token good until its own end when it is refreshed', async () => {
    const world = await startAuth()
    const session = await signIn(world, client)
    let { refreshToken } = session
    for (let i = 0; i < 3; i++) {
      world.clock.now += 299 * SECOND
      refreshToken = (await refresh(world, client, refreshToken)).refreshToken
      expect((await world.send('GET', '/auth/me', { bearer: session.accessToken })).status).toBe(200)
    }
    world.clock.now += 10 * SECOND
    const me = await world.send('GET', '/auth/me', { bearer: session.accessToken })
    expect(me.body.error).toBe('TOKEN_EXPIRED')
  })

  test('says how long its refresh token is good for, counted from its last use also when an answer is repeated', async () => {
    const world = await startAuth({ idleTtlSeconds: 3600 })
    const session = await signIn(world, client)
    const key = 'k'.repeat(16)
    const offered = async () => {
      const answer = await refresh(world, client, session.refreshToken, { key })
      return client === 'native' ? answer.body.refreshExpiresIn : maxAgeOf(answer.headers)
    }
    expect(await offered()).toBe(3600)
    world.clock.now += 600 * SECOND
    expect(await offered()).toBe(3000)
  })
})

test('the lifetimes are what the options say: 15 minutes, 7 days and 30 days unless they say otherwise', async () => {
  const world = await startAuth()
  const session = await signIn(world, 'native')
  const { body } = await refresh(world, 'native', session.refreshToken)
  expect([body.expiresIn, body.refreshExpiresIn]).toEqual([900, 7 * 86_400])
  const me = await world.send('GET', '/auth/me', { bearer: body.accessToken })
  expect(Date.parse(me.body.session.expiresAt) - world.clock.now).toBe(7 * DAY)

  const other = await startAuth({ accessTtlSeconds: 300, idleTtlSeconds: 86_400, sessionTtlSeconds: 3600 })
  const short = await refresh(other, 'native', (await signIn(other, 'native')).refreshToken)
  expect([short.body.expiresIn, short.body.refreshExpiresIn]).toEqual([300, 3600])
})

function maxAgeOf(headers: Headers): number {
  return Number(/Max-Age=(\d+)/.exec(headers.get('set-cookie') ?? '')?.[1])
}
