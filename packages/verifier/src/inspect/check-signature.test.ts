import { createHmac, generateKeyPairSync } from 'node:crypto'
import { exportJWK, exportSPKI, generateKeyPair, SignJWT } from 'jose'
import { describe, expect, test } from 'vitest'
import {
  claims,
  createKey,
  encode,
  forgeHs256,
  headerFor,
  keySet,
  mint,
  segments,
} from '../testing/issuer.ts'
import { checkTokenSignature } from './index.ts'

const ALGORITHMS = ['ES256', 'ES384', 'ES512', 'RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'EdDSA']

const key = createKey()
const token = mint(key)
const pem = String(key.publicKey.export({ type: 'spki', format: 'pem' }))

/** The result, and the code where there is one. */
async function check(...given: Parameters<typeof checkTokenSignature>): Promise<string> {
  const answer = await checkTokenSignature(...given)
  return 'code' in answer ? answer.code : answer.result
}

describe.each(ALGORITHMS)('%s', (alg) => {
  test('a signature of another library holds, by JWKS, JWK and PEM, and does not once the token was changed', async () => {
    const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true })
    const jwk = { ...(await exportJWK(publicKey)), kid: 'one' }
    const made = await new SignJWT({ sub: 'ada' }).setProtectedHeader({ alg, kid: 'one' }).sign(privateKey)
    const [header, , signature] = segments(made)
    const changed = `${header}.${encode({ sub: 'eve' })}.${signature}`
    const forms = [
      { keys: [jwk] },
      jwk,
      JSON.stringify({ keys: [jwk] }),
      JSON.stringify(jwk),
      await exportSPKI(publicKey),
    ]

    for (const keys of forms) {
      expect(await check(made, keys)).toBe('holds')
      expect(await check(changed, keys)).toBe('does not hold')
    }
  })
})

test('whatever holds, it is said what was not checked; nothing is ever called valid', async () => {
  const { text } = await checkTokenSignature(token, keySet(key))
  expect(text).toContain('Issuer, audience, times and revocation were not checked.')
  expect(text).not.toMatch(/valid/i)
})

test('a token is checked as it was copied', async () => {
  expect(await check(`Bearer ${token.slice(0, 50)}\n${token.slice(50)}`, keySet(key))).toBe('holds')
})

test('in a key set the kid of the token chooses; a key that somebody chose is tried whatever it is called', async () => {
  const other = createKey()
  expect(await check(token, keySet(other, key))).toBe('holds')
  expect(await check(token, keySet(other))).toBe('no such key')
  expect(await check(token, { keys: [] })).toBe('no such key')
  expect(await check(token, { keys: [{ ...other.jwk, kid: key.kid }] })).toBe('does not hold')
  expect(await check(token, { ...key.jwk, kid: 'called otherwise' })).toBe('holds')
  expect(await check(token, { ...other.jwk })).toBe('does not hold')
})

test('a token without kid is tried with every key of the set', async () => {
  const nameless = mint(key, { header: { kid: undefined } })
  expect(await check(nameless, keySet(createKey('RS256'), createKey(), key))).toBe('holds')
  expect(await check(nameless, keySet(createKey(), createKey()))).toBe('does not hold')
})

test('a MAC is never checked, though the secret or the public key be given as its key', async () => {
  const secret = Buffer.alloc(32, 7)
  const jwk = { kty: 'oct', k: secret.toString('base64url'), kid: 'k', alg: 'HS256' }
  for (const keys of [jwk, { keys: [jwk] }, key.jwk, pem, 'secret']) {
    expect(await check(forgeHs256('k', secret), keys)).toBe('MAC')
    expect(await check(forgeHs256('k', pem), keys)).toBe('MAC')
  }
})

test.each<[string, string, string]>([
  ['none', `${encode({ alg: 'none' })}.${encode(claims())}.`, 'UNSIGNED'],
  ['nOnE with a signature', mint(key, { header: { alg: 'nOnE' } }), 'UNSIGNED'],
  ['an algorithm that nobody knows', mint(key, { header: { alg: 'XS256' } }), 'UNKNOWN_ALGORITHM'],
  ['a name of every object', mint(key, { header: { alg: 'constructor' } }), 'UNKNOWN_ALGORITHM'],
  ['crit', mint(key, { header: { crit: ['x'], x: 1 } }), 'CRITICAL_HEADER'],
  ['b64', mint(key, { header: { b64: false } }), 'CRITICAL_HEADER'],
  ['a refresh token', `lk1_${'a'.repeat(72)}`, 'NOT_A_SIGNED_TOKEN'],
  ['two parts', token.slice(0, token.lastIndexOf('.')), 'NOT_A_SIGNED_TOKEN'],
  ['another spelling of the signature', `${token}==`, 'NOT_A_SIGNED_TOKEN'],
  ['nothing', '', 'NOT_A_SIGNED_TOKEN'],
  ['a megabyte', 'x'.repeat(1_000_000), 'NOT_A_SIGNED_TOKEN'],
])('what cannot be checked is said with the reason: %s', async (_, text, code) => {
  expect(await check(text, keySet(key))).toBe(code)
})

test('a header that names alg twice has no one signature', async () => {
  const { alg, ...rest } = headerFor(key)
  const twice = `{"alg":"none","alg":"${alg}",${JSON.stringify(rest).slice(1)}`
  const [, payload, signature] = segments(token)
  expect(await check(`${encode(twice)}.${payload}.${signature}`, keySet(key))).toBe('NOT_A_SIGNED_TOKEN')
})

test('a key that is made for something else checks nothing', async () => {
  const { jwk: rsa } = createKey('RS256', key.kid)
  const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' }).publicKey.export({ format: 'jwk' })
  const kinds = [
    rsa,
    p384,
    { ...key.jwk, alg: 'ES384' },
    { ...key.jwk, use: 'enc' },
    { ...key.jwk, x: 'AAAA' },
  ]
  for (const jwk of kinds) expect(await check(token, jwk as object)).toBe('KEY_OF_ANOTHER_KIND')
  expect(await check(mint(createKey('RS256')), pem)).toBe('KEY_OF_ANOTHER_KIND')
})

test('a key in the set that is no good does not keep a good one from checking', async () => {
  expect(await check(token, { keys: [{ ...key.jwk, x: 'AAAA' }, key.jwk] })).toBe('holds')
})

test('an RSA key with which everybody can sign proves nothing', async () => {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 1024 })
  const weak = { ...createKey('RS256'), privateKey }
  expect(await check(mint(weak), publicKey.export({ format: 'jwk' }) as object)).toBe('WEAK_KEY')
})

test('what is no public key is told apart, and a private one is never used', async () => {
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const pkcs8 = String(key.privateKey.export({ type: 'pkcs8', format: 'pem' }))
  const expected: [string | object, string][] = [
    ['', 'UNREADABLE_KEYS'],
    ['hello', 'UNREADABLE_KEYS'],
    ['{"keys":', 'UNREADABLE_KEYS'],
    ['{"hello":1}', 'UNREADABLE_KEYS'],
    ['-----BEGIN PUBLIC KEY-----\n%%%\n-----END PUBLIC KEY-----', 'UNREADABLE_KEYS'],
    [pkcs8, 'PRIVATE_KEY'],
    [pem + pkcs8, 'PRIVATE_KEY'],
    [{ ...key.jwk, d: 'AAAA' }, 'PRIVATE_KEY'],
    [{ keys: [{ ...key.jwk, d: 'AAAA' }] }, 'PRIVATE_KEY'],
    [String(rsa.publicKey.export({ type: 'pkcs1', format: 'pem' })), 'PKCS1_KEY'],
    ['-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----', 'CERTIFICATE'],
  ]
  for (const [keys, code] of expected) expect([keys, await check(token, keys)]).toEqual([keys, code])
})

test('an ES256 signature in DER does not hold', async () => {
  const [header, payload] = segments(token)
  const mac = createHmac('sha256', 'x').update('x').digest('base64url')
  expect(await check(`${header}.${payload}.${mac}`, keySet(key))).toBe('does not hold')
})
