import { importJWK, SignJWT } from 'jose'
import { expect, test } from 'vitest'
import { claims, createKey, forgeHs256, keySet, mint, NOW, signatureOf, signToken } from './testing/issuer.ts'
import { createWorld, outcome } from './testing/setup.ts'

test.each(['ES256', 'EdDSA', 'RS256'] as const)('a good %s token gives its claims', async (alg) => {
  const { key, verifier } = createWorld({}, createKey(alg))
  expect(await verifier.verify(mint(key, { claims: { plan: 'pro' } }))).toEqual(claims({ plan: 'pro' }))
})

test.each(['ES256', 'EdDSA', 'RS256'] as const)(
  'an %s token that another library made is understood',
  async (alg) => {
    const { key, verifier } = createWorld({}, createKey(alg))
    const token = await new SignJWT(claims())
      .setProtectedHeader({ alg, typ: 'at+jwt', kid: key.kid })
      .sign(await importJWK(key.privateKey.export({ format: 'jwk' }), alg))
    expect(await verifier.verify(token)).toEqual(claims())
  },
)

test('no token is told apart from a bad one', async () => {
  const { verifier } = createWorld()
  for (const token of [undefined, null, ''])
    expect(await outcome(verifier.verify(token))).toBe('TOKEN_MISSING')
  for (const token of [' ', 'x', '..', 1, {}, ['a.b.c']]) {
    expect(await outcome(verifier.verify(token as string))).toBe('TOKEN_INVALID')
  }
})

test('a token is expired only when nothing else is wrong with it', async () => {
  const { key, verifier } = createWorld()
  const expired = { iat: NOW - 1000, exp: NOW - 100 }
  expect(await outcome(verifier.verify(mint(key, { claims: expired })))).toBe('TOKEN_EXPIRED')

  for (const wrong of [
    { iss: 'https://evil.example.com' },
    { aud: 'other' },
    { sid: '' },
    { roles: 'admin' },
    { nbf: NOW + 60 },
  ]) {
    expect(await outcome(verifier.verify(mint(key, { claims: { ...expired, ...wrong } })))).toBe(
      'TOKEN_INVALID',
    )
  }
  expect(await outcome(verifier.verify(mint({ ...createKey(), kid: key.kid }, { claims: expired })))).toBe(
    'TOKEN_INVALID',
  )
})

test('the session of a token is recognised by its signature alone, whatever its age, type, audience and issuer', async () => {
  const { key, verifier } = createWorld()
  const recognize = (token: string) => outcome(verifier.recognize(token))

  for (const claims of [
    {},
    { iat: NOW - 90_000, exp: NOW - 89_100 },
    { iat: NOW + 90_000, exp: NOW + 90_900 },
    { aud: 'https://elsewhere.example.com' },
    { iss: 'https://elsewhere.example.com' },
    { exp: undefined },
  ]) {
    expect(await recognize(mint(key, { claims }))).toBe('accepted')
  }
  expect(await recognize(mint(key, { header: { typ: 'JWT' } }))).toBe('accepted')
  expect(await recognize(mint(key, { claims: { sid: undefined } }))).toBe('TOKEN_INVALID')
  expect(await recognize(mint(key, { claims: { sid: '' } }))).toBe('TOKEN_INVALID')
  expect(await recognize(mint({ ...createKey(), kid: key.kid }))).toBe('TOKEN_INVALID')
  expect(await recognize(forgeHs256(key.kid, ''))).toBe('TOKEN_INVALID')
  expect(await recognize('')).toBe('TOKEN_MISSING')
})

test('verify needs no `this`, and ignores the index that map() passes along', async () => {
  const { key, verifier } = createWorld()
  const tokens = [mint(key), mint(key, { claims: { iat: NOW - 1000, exp: NOW - 100 } })]
  const [good, expired] = await Promise.allSettled(
    tokens.map(verifier.verify as (token: string) => Promise<unknown>),
  )
  expect(good?.status).toBe('fulfilled')
  expect(expired).toMatchObject({ status: 'rejected', reason: { code: 'TOKEN_EXPIRED' } })
})

test('keys from a function are asked for each time, so a rotation takes effect at once', async () => {
  const [first, second] = [createKey(), createKey()]
  let current = [first]
  const { verifier } = createWorld({ jwks: async () => keySet(...current) })
  expect(await outcome(verifier.verify(mint(first)))).toBe('accepted')
  expect(await outcome(verifier.verify(mint(second)))).toBe('TOKEN_INVALID')

  current = [second]
  expect(await outcome(verifier.verify(mint(first)))).toBe('TOKEN_INVALID')
  expect(await outcome(verifier.verify(mint(second)))).toBe('accepted')
})

test('a key that takes over the name of another takes over its tokens too', async () => {
  const [first, second] = [createKey('ES256', 'same'), createKey('ES256', 'same')]
  const keys = [first.jwk]
  const { verifier } = createWorld({ jwks: () => ({ keys }) })
  expect(await outcome(verifier.verify(mint(first)))).toBe('accepted')

  keys[0] = second.jwk
  expect(await outcome(verifier.verify(mint(first)))).toBe('TOKEN_INVALID')
  expect(await outcome(verifier.verify(mint(second)))).toBe('accepted')
})

test('a function that cannot supply keys means that nothing is known about the token', async () => {
  const broken = new Error('the store is away')
  for (const jwks of [
    () => Promise.reject(broken),
    () => {
      throw broken
    },
  ]) {
    const { key, verifier } = createWorld({ jwks })
    await expect(verifier.verify(mint(key))).rejects.toMatchObject({
      code: 'KEYS_UNAVAILABLE',
      cause: broken,
    })
  }
  for (const supplied of [undefined, null, {}, { keys: {} }, []]) {
    const { key, verifier } = createWorld({ jwks: () => supplied as never })
    expect(await outcome(verifier.verify(mint(key)))).toBe('KEYS_UNAVAILABLE')
  }
})

test('a refused token is never quoted in its error', async () => {
  const { key, verifier } = createWorld()
  const other = createKey()
  const tokens = [
    'not-a-token-but-secret',
    mint(key, { header: { alg: 'secret-alg', typ: 'secret-typ' } }),
    mint(other, { claims: { sub: 'secret-sub' } }),
    mint(key, { claims: { iss: 'secret-iss', sid: 'secret-sid' } }),
    signToken(key, '{"secret": nonsense}', 'secret'),
    signatureOf(key, 'x').toString('base64url'),
  ]
  for (const token of tokens) {
    const error = await verifier.verify(token).catch((reason: unknown) => reason)
    const told = `${String(error)} ${(error as Error).stack} ${JSON.stringify(error)} ${String((error as Error).cause)}`
    expect(told).toContain('TOKEN_INVALID')
    for (const secret of ['secret', other.kid, ...token.split('.').filter((segment) => segment.length > 5)]) {
      expect(told).not.toContain(secret)
    }
  }
})
