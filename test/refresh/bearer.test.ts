import { generateKeyPairSync, sign } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { startAuth, type TestAuth } from '../support/auth.ts'
import {
  DELIVERIES,
  expectAlive,
  expectRefused,
  refresh,
  refreshTimes,
  restart,
  SECOND,
  signIn,
  signInAgain,
} from './client.ts'

describe.each(DELIVERIES)('an access token sent along with the refresh of a %s session', (client) => {
  test("is accepted when it is the session's own, good or expired, of now or of many refreshes ago", async () => {
    const world = await startAuth()
    const session = await signIn(world, client)
    const now = await refresh(world, client, session.refreshToken, { bearer: session.accessToken })
    expect(now.status).toBe(200)
    world.clock.now += 3600 * SECOND
    const later = await refresh(world, client, now.refreshToken, { bearer: session.accessToken })
    expect(later.status).toBe(200)
    await expectAlive(world, client, later.refreshToken)
  })

  test("is refused when it is another session's, also one of the same user, and nothing moves (RR-14)", async () => {
    const world = await startAuth()
    const session = await signIn(world, client)
    const sibling = await signInAgain(world, client, session.email)
    const stranger = await signIn(world, client)
    for (const { accessToken } of [sibling, stranger]) {
      const answer = await refresh(world, client, session.refreshToken, { bearer: accessToken })
      expectRefused(answer, 401, 'REFRESH_INVALID')
    }
    for (const { refreshToken } of [session, sibling, stranger])
      await expectAlive(world, client, refreshToken)
  })

  test('is refused when its signature does not hold, and nothing moves', async () => {
    const world = await startAuth()
    const session = await signIn(world, client)
    for (const bearer of spoilt(session.accessToken)) {
      const answer = await refresh(world, client, session.refreshToken, { bearer })
      expectRefused(answer, 401, 'REFRESH_INVALID')
    }
    await expectAlive(world, client, session.refreshToken)
  })

  test('that is refused does not turn a spent token into an alarm', async () => {
    const world = await startAuth()
    const session = await signIn(world, client)
    const { last } = await refreshTimes(world, session, 2)
    const answer = await refresh(world, client, session.refreshToken, { bearer: 'garbage' })
    expectRefused(answer, 401, 'REFRESH_INVALID')
    await expectAlive(world, client, last)
  })

  test('is compulsory where requireAccessTokenOnRefresh is set', async () => {
    const world = await startAuth({ requireAccessTokenOnRefresh: true })
    const session = await signIn(world, client)
    expectRefused(await refresh(world, client, session.refreshToken), 401, 'REFRESH_INVALID')
    world.clock.now += 3600 * SECOND
    const along = { bearer: session.accessToken }
    expect((await refresh(world, client, session.refreshToken, along)).status).toBe(200)
  })
})

test('an access token sent along is known by its signature and its session alone: neither another audience nor a clock that went back spoils it', async () => {
  const world = await startAuth()
  const session = await signIn(world, 'native')
  const along = { bearer: session.accessToken }
  world.clock.now -= 3600 * SECOND
  const { status, refreshToken } = await refresh(world, 'native', session.refreshToken, along)
  expect(status).toBe(200)
  const again = await restart(world, { audience: 'https://api.example.com' })
  expect((await refresh(again, 'native', refreshToken, along)).status).toBe(200)
})

test('credentials of another scheme are not ours to judge', async () => {
  const world = await startAuth()
  const session = await signIn(world, 'native')
  const headers = { authorization: `Basic ${Buffer.from('proxy:password').toString('base64')}` }
  expect((await refresh(world, 'native', session.refreshToken, { headers })).status).toBe(200)
})

test('a token that was signed with a key that is gone after a leak is refused along with a refresh, and the refresh alone is not', async () => {
  const world = await startAuth()
  const session = await signIn(world, 'native')
  await world.auth.keys.replaceAll()
  const along = { bearer: session.accessToken }
  expectRefused(await refresh(world, 'native', session.refreshToken, along), 401, 'REFRESH_INVALID')
  await expectAlive(world, 'native', session.refreshToken)
})

test('a token of another service with the same users is refused', async () => {
  const here = await startAuth()
  const session = await signIn(here, 'native')
  const there: TestAuth = await startAuth()
  const foreign = await signIn(there, 'native')
  const along = { bearer: foreign.accessToken }
  expectRefused(await refresh(here, 'native', session.refreshToken, along), 401, 'REFRESH_INVALID')
})

/** The token as a forger without the key would send it. */
function spoilt(token: string): string[] {
  const [header, payload, signature] = token.split('.') as [string, string, string]
  const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const claims = JSON.parse(Buffer.from(payload, 'base64url').toString())
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const foreign = sign('sha256', Buffer.from(`${header}.${payload}`), {
    key: privateKey,
    dsaEncoding: 'ieee-p1363',
  })
  return [
    '',
    'garbage',
    `${header}.${payload}.`,
    `${header}.${payload}.${signature.slice(0, -2)}${signature.endsWith('AA') ? 'BB' : 'AA'}`,
    `${header}.${encode({ ...claims, exp: claims.exp + 1 })}.${signature}`,
    `${header}.${payload}.${foreign.toString('base64url')}`,
    `${encode({ alg: 'none', typ: 'at+jwt' })}.${payload}.`,
  ]
}
