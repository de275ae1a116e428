import { createVerifier, type Verifier } from '@latchkey/verifier'
import { describe, expect, test } from 'vitest'
import { startAuth, type TestAuth } from '../support/auth.ts'
import { expectAlive, refresh, restart, SECOND, signIn } from './client.ts'

const kidOf = (token: string): string =>
  JSON.parse(Buffer.from(token.split('.')[0]!, 'base64url').toString()).kid

/** A verifier as an API has it: it fetches the keys from the service. */
function verifierOf(world: TestAuth, requests: string[] = []): Verifier {
  return createVerifier({
    issuer: world.url,
    audience: world.url,
    now: () => world.clock.now,
    fetch: async (url) => {
      requests.push(String(url))
      return await world.auth.fetch(new Request(url))
    },
  })
}

async function publishedKids(world: Pick<TestAuth, 'send'>): Promise<string[]> {
  const { body } = await world.send('GET', '/.well-known/jwks.json')
  return body.keys.map(({ kid }: { kid: string }) => kid)
}

describe('the key set', () => {
  test('is public, without private members, and may be kept for 5 minutes (KM-01)', async () => {
    const world = await startAuth()
    const { status, headers, body } = await world.send('GET', '/.well-known/jwks.json')
    expect(status).toBe(200)
    expect(headers.get('cache-control')).toBe('public, max-age=300')
    expect(headers.get('content-type')).toBe('application/jwk-set+json')
    expect(body.keys).toHaveLength(1)
    expect(Object.keys(body.keys[0]).toSorted()).toEqual(['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y'])
    expect(body.keys[0]).toMatchObject({ alg: 'ES256', use: 'sig', kid: expect.stringMatching(/^[A-Za-z]/) })
  })

  test('is found by the metadata, whose issuer is the one in the tokens, character by character (KM-13)', async () => {
    const world = await startAuth({ url: 'https://auth.example.com' })
    const { accessToken } = await signIn(world, 'native')
    for (const path of ['oauth-authorization-server', 'openid-configuration']) {
      const { body } = await world.send('GET', `/.well-known/${path}`)
      expect(body).toMatchObject({
        issuer: 'https://auth.example.com',
        jwks_uri: 'https://auth.example.com/.well-known/jwks.json',
      })
    }
    expect((await verifierOf(world).verify(accessToken)).iss).toBe('https://auth.example.com')
  })
})

describe('a key that is rotated', () => {
  test('is known to verifiers before it signs, and the tokens of the old one stay good until they expire (KM-03, KM-04)', async () => {
    const world = await startAuth()
    const session = await signIn(world, 'native')
    const warm = verifierOf(world)
    await warm.verify(session.accessToken)

    const signsFrom = await world.auth.keys.rotate()
    expect(signsFrom.getTime() - world.clock.now).toBeGreaterThanOrEqual(2 * 300 * SECOND)
    expect(await publishedKids(world)).toHaveLength(2)
    world.clock.now = signsFrom.getTime() - 1
    const last = await refresh(world, 'native', session.refreshToken)
    expect(kidOf(last.body.accessToken)).toBe(kidOf(session.accessToken))

    world.clock.now = signsFrom.getTime()
    const first = await refresh(world, 'native', last.refreshToken)
    expect(kidOf(first.body.accessToken)).not.toBe(kidOf(session.accessToken))
    for (const verifier of [warm, verifierOf(world)]) {
      await verifier.verify(first.body.accessToken)
      await verifier.verify(last.body.accessToken)
    }
    const me = await world.send('GET', '/auth/me', { bearer: last.body.accessToken })
    expect(me.status).toBe(200)
  })

  test('is never met for the first time by a verifier that keeps the set for as long as it may', async () => {
    const world = await startAuth()
    const session = await signIn(world, 'native')
    const requests: string[] = []
    const verifier = verifierOf(world, requests)
    await world.auth.keys.rotate()
    let { refreshToken } = session
    const known = new Set<string>()
    for (let minute = 0; minute < 20; minute++) {
      const answer = await refresh(world, 'native', refreshToken)
      refreshToken = answer.refreshToken
      await verifier.verify(answer.body.accessToken)
      known.add(kidOf(answer.body.accessToken))
      world.clock.now += 60 * SECOND
    }
    expect(known.size).toBe(2)
    // The metadata and the set at first, and the set again at most every 5 minutes: no token asked for more.
    expect(requests.length).toBeLessThanOrEqual(2 * (1 + 20 / 5))
  })

  test('leaves an expired token of it good to be sent along with a refresh', async () => {
    const world = await startAuth()
    const session = await signIn(world, 'native')
    const signsFrom = await world.auth.keys.rotate()
    world.clock.now = signsFrom.getTime() + 3600 * SECOND
    const again = await restart(world)
    expect(await publishedKids(again)).not.toContain(kidOf(session.accessToken))
    const answer = await refresh(again, 'native', session.refreshToken, { bearer: session.accessToken })
    expect(answer.status).toBe(200)
  })
})

test('after a leak every token of the old keys is refused at once, here and by verifiers when their copy runs out (KM-05)', async () => {
  const world = await startAuth()
  const session = await signIn(world, 'native')
  const verifier = verifierOf(world)
  await verifier.verify(session.accessToken)
  await world.auth.keys.replaceAll()
  const me = await world.send('GET', '/auth/me', { bearer: session.accessToken })
  expect([me.status, me.body.error]).toEqual([401, 'TOKEN_INVALID'])

  const fresh = await refresh(world, 'native', session.refreshToken)
  expect((await world.send('GET', '/auth/me', { bearer: fresh.body.accessToken })).status).toBe(200)
  world.clock.now += 600 * SECOND
  await verifier.verify(fresh.body.accessToken)
  await expect(verifier.verify(session.accessToken)).rejects.toMatchObject({ code: 'TOKEN_INVALID' })
})

test.each(['EdDSA', 'RS256'] as const)(
  'the algorithm can be changed to %s under the users: no session and no token is lost',
  async (algorithm) => {
    const world = await startAuth()
    const session = await signIn(world, 'native')
    const again = await restart(world, { signingAlgorithm: algorithm })
    const soon = await refresh(again, 'native', session.refreshToken)
    expect(kidOf(soon.body.accessToken)).toBe(kidOf(session.accessToken))
    world.clock.now += 600 * SECOND
    const { refreshToken, body } = await refresh(again, 'native', soon.refreshToken)
    const header = JSON.parse(Buffer.from(body.accessToken.split('.')[0], 'base64url').toString())
    expect(header.alg).toBe(algorithm)
    for (const bearer of [session.accessToken, body.accessToken]) {
      expect((await again.send('GET', '/auth/me', { bearer })).status).toBe(200)
    }
    await expectAlive(again, 'native', refreshToken)
  },
)
