import { generateKeyPairSync } from 'node:crypto'
import { createVerifier } from '@latchkey/verifier'
import { describe, expect, test } from 'vitest'
import { aSession, OPENED, SECOND } from '../sessions/testing/sessions.ts'
import { type AccessTokenPolicy, issueAccessToken } from './access-token.ts'
import type { SigningKey } from './signing-keys.ts'

const ISSUER = 'https://auth.example.com'
const AUDIENCE = 'https://api.example.com'
const NOW = OPENED + 5 * SECOND + 999

const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const KEY: SigningKey = { kid: 'k1', algorithm: 'ES256', privateKey }
const JWKS = { keys: [{ kid: 'k1', alg: 'ES256', use: 'sig', ...publicKey.export({ format: 'jwk' }) }] }

const POLICY: AccessTokenPolicy = {
  issuer: ISSUER,
  audience: [AUDIENCE],
  ttlSeconds: 900,
  type: 'at+jwt',
  claims: null,
}

const session = aSession()
const user = {
  id: session.userId,
  email: 'ada@example.com',
  emailVerified: true,
  roles: ['admin'],
  createdAt: '2026-01-01T00:00:00.000Z',
}

async function issue(policy: Partial<AccessTokenPolicy> = {}, now = NOW, of = session) {
  const { token, expiresIn } = await issueAccessToken({ session: of, user }, KEY, now, {
    ...POLICY,
    ...policy,
  })
  const [header, claims] = token
    .split('.')
    .slice(0, 2)
    .map((part) => JSON.parse(Buffer.from(part, 'base64url').toString()))
  return { token, expiresIn, header, claims }
}

describe('an access token', () => {
  test('says what the contract says, and nothing else', async () => {
    const { header, claims, expiresIn } = await issue()
    expect(header).toEqual({ alg: 'ES256', typ: 'at+jwt', kid: 'k1' })
    const iat = OPENED / 1000 + 5
    expect(claims).toEqual({
      iss: ISSUER,
      sub: user.id,
      aud: AUDIENCE,
      exp: iat + 900,
      iat,
      jti: expect.stringMatching(/^[0-9a-f-]{36}$/),
      client_id: 'latchkey-native',
      sid: session.id,
      roles: ['admin'],
      auth_time: OPENED / 1000,
      amr: ['pwd'],
    })
    expect(expiresIn).toBe(900)
  })

  test('holds for a verifier, and has an id of its own', async () => {
    const [one, another] = [await issue(), await issue()]
    const verifier = createVerifier({ issuer: ISSUER, audience: AUDIENCE, jwks: JWKS, now: () => NOW })
    expect(await verifier.verify(one.token)).toEqual(one.claims)
    expect(one.claims.jti).not.toBe(another.claims.jti)
  })

  test('names several audiences as a list, one as a text', async () => {
    expect((await issue({ audience: ['a', 'b'] })).claims.aud).toEqual(['a', 'b'])
    expect((await issue({ audience: ['a'] })).claims.aud).toBe('a')
  })

  test('may carry the type that old verifiers expect', async () => {
    expect((await issue({ type: 'JWT' })).header.typ).toBe('JWT')
  })

  test('carries the claims that the app adds, and none of them in place of its own', async () => {
    const { claims } = await issue({
      claims: async (of) => ({
        tenant: 't1',
        mail: of.email,
        sub: 'root',
        exp: 9e9,
        iss: 'x',
        roles: ['god'],
      }),
    })
    expect(claims).toMatchObject({
      tenant: 't1',
      mail: user.email,
      sub: user.id,
      iss: ISSUER,
      roles: ['admin'],
    })
    expect(claims.exp - claims.iat).toBe(900)
  })

  test('ends with its session when that is sooner (RR-19)', async () => {
    const end = session.expiresAt / 1000
    const { claims, expiresIn } = await issue({}, session.expiresAt - 10 * SECOND)
    expect(claims.exp).toBe(end)
    expect(expiresIn).toBe(10)
  })

  test('never says that it ends later than its session, where that ends within a second', async () => {
    const odd = aSession({ expiresAt: OPENED + 10_700 })
    const { claims } = await issue({}, OPENED + 10_600, odd)
    expect(claims.exp * 1000).toBeLessThanOrEqual(odd.expiresAt)
  })

  test('is good for no time, rather than less than none, when its session ended while it was made', async () => {
    const { expiresIn } = await issue({}, session.expiresAt + 5 * SECOND)
    expect(expiresIn).toBe(0)
  })
})
