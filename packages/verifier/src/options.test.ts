import { expect, test } from 'vitest'
import type { VerifierOptions } from './options.ts'
import type { RevocationOptions } from './revocations/options.ts'
import { AUDIENCE, createKey, ISSUER, keySet, mint } from './testing/issuer.ts'
import { createWorld, outcome } from './testing/setup.ts'
import { createVerifier } from './verify.ts'

const good: VerifierOptions = { issuer: ISSUER, audience: AUDIENCE, jwks: keySet(createKey()) }

const mistakes: Record<string, unknown[]> = {
  issuer: [undefined, null, '', 1, [ISSUER]],
  audience: [undefined, null, '', [], [''], [AUDIENCE, 1], { [AUDIENCE]: true }],
  jwks: [null, {}, [], 'keys', { keys: 'none' }, { keys: [() => {}] }],
  jwksUrl: ['https://keys.example.com'],
  typ: [null, '', 'jwt', 'id_token', ['at+jwt']],
  clockLeewaySeconds: [-1, 301, 0.5, Number.NaN, Number.POSITIVE_INFINITY, '5', null],
  maxLifetimeSeconds: [0, -1, 31_536_001, 1.5, '900'],
  jwksMaxAgeSeconds: [0, 86_401, '300'],
  jwksMaxStaleSeconds: [299, 2_592_001],
  jwksCooldownSeconds: [0, 3601],
  jwksTimeoutSeconds: [0, 61],
  revocations: [null, 'https://auth.example.com', []],
  cache: [true, null, 1000],
  now: [null, 1_767_225_600_000],
  fetch: [null, 'fetch'],
  leeway: [5],
}

test.each(Object.entries(mistakes))('a mistake in %s is a TypeError that names it', (name, values) => {
  for (const value of values) {
    expect(() => createVerifier({ ...good, [name]: value }), String(value)).toThrow(TypeError)
    expect(() => createVerifier({ ...good, [name]: value }), String(value)).toThrow(
      new RegExp(`\\b${name}\\b`),
    )
  }
})

const service = { clientId: 'svc_1', clientSecret: 'lks_secret' }

test.each(
  Object.entries({
    clientId: [undefined, '', 1],
    clientSecret: [undefined, '', null],
    url: ['', 'auth.example.com', 'file:///feed', 'https://me:lks_secret@auth.example.com', null],
    introspectionUrl: ['/oauth/introspect', 'http://auth.example.com/oauth/introspect'],
    onStale: ['', 'ignore', null],
    staleAfterSeconds: [9, 3601, '30', 30.5],
    startTimeoutSeconds: [-1, 31, null],
    secret: ['x'],
  }),
)('a mistake in revocations.%s is a TypeError that names it and no secret', (name, values) => {
  for (const value of values) {
    const revocations = { ...service, [name]: value } as RevocationOptions
    expect(() => createVerifier({ ...good, revocations }), String(value)).toThrow(TypeError)
    expect(() => createVerifier({ ...good, revocations }), String(value)).toThrow(
      new RegExp(`^revocations\\.${name} (?!.*lks_secret)`),
    )
  }
})

test('a mistake in cache.maxTokens is a TypeError that names it', () => {
  for (const maxTokens of [0, 1, 1_000_001, 2.5, '100', null]) {
    const cache = { maxTokens: maxTokens as number }
    expect(() => createVerifier({ ...good, cache })).toThrow(/^cache\.maxTokens /)
  }
  expect(() => createVerifier({ ...good, cache: { max: 10 } as never })).toThrow(/^cache\.max /)
})

test('an issuer that is no URL needs to be told where its feed is', () => {
  const verifier = { ...good, issuer: 'my-issuer' }
  expect(() => createVerifier({ ...verifier, revocations: service })).toThrow(/^revocations\.url/)
  const urls = { url: 'https://a.example/feed', introspectionUrl: 'https://a.example/introspect' }
  expect(() => createVerifier({ ...verifier, revocations: { ...service, ...urls } })).not.toThrow()
})

test('the secret of a service that speaks https never goes over plain http', () => {
  const revocations = { ...service, url: 'http://auth.example.com/auth/revocations' }
  expect(() => createVerifier({ ...good, revocations })).toThrow(/^revocations\.url/)
})

test('a jwksUrl is an http or https URL without a user name, which no error repeats', () => {
  const { jwks: _, ...rest } = good
  for (const jwksUrl of [
    '',
    '/jwks.json',
    'file:///etc/keys.json',
    'https://me:secret@keys.example.com',
    1,
    null,
  ]) {
    expect(() => createVerifier({ ...rest, jwksUrl: jwksUrl as string })).toThrow(/^jwksUrl (?!.*secret)/)
  }
})

test('an issuer that is no URL needs to be told its keys', () => {
  const { jwks: _, ...rest } = good
  expect(() => createVerifier({ ...rest, issuer: 'my-issuer' })).toThrow(/^issuer/)
  expect(() => createVerifier({ ...good, issuer: 'my-issuer' })).not.toThrow()
})

test('options without anything in them are refused', () => {
  for (const options of [undefined, null, 'https://auth.example.com']) {
    expect(() => createVerifier(options as never)).toThrow(TypeError)
  }
})

test('the least and the most of every range is accepted', () => {
  const { jwks: _, ...rest } = good
  const least = {
    clockLeewaySeconds: 0,
    maxLifetimeSeconds: 1,
    jwksMaxAgeSeconds: 1,
    jwksMaxStaleSeconds: 1,
    jwksCooldownSeconds: 1,
  }
  const most = {
    clockLeewaySeconds: 300,
    maxLifetimeSeconds: 31_536_000,
    jwksMaxAgeSeconds: 86_400,
    jwksMaxStaleSeconds: 2_592_000,
  }
  expect(() => createVerifier({ ...rest, ...least, jwksTimeoutSeconds: 1 })).not.toThrow()
  expect(() =>
    createVerifier({ ...rest, ...most, jwksCooldownSeconds: 3600, jwksTimeoutSeconds: 60 }),
  ).not.toThrow()
})

test('what happens to the options after construction changes nothing', async () => {
  const key = createKey()
  const jwk = { ...key.jwk }
  const options = {
    issuer: ISSUER,
    audience: [AUDIENCE],
    jwks: { keys: [jwk] },
    algorithms: ['ES256' as const],
    clockLeewaySeconds: 5,
  }
  const { verifier } = createWorld(options, key)
  const attacker = createKey('EdDSA')

  options.issuer = 'https://evil.example.com'
  options.audience.push('evil')
  options.algorithms.push('EdDSA' as never)
  options.jwks.keys.push(attacker.jwk)
  jwk.kid = 'gone'

  expect(await outcome(verifier.verify(mint(key)))).toBe('accepted')
  expect(await outcome(verifier.verify(mint(key, { claims: { aud: 'evil' } })))).toBe('TOKEN_INVALID')
  expect(await outcome(verifier.verify(mint(attacker)))).toBe('TOKEN_INVALID')
})
