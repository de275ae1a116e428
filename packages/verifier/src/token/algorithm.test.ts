import { expect, test } from 'vitest'
import {
  AUDIENCE,
  claims,
  createKey,
  encode,
  forgeHs256,
  headerFor,
  ISSUER,
  keySet,
  mint,
  segments,
  signToken,
} from '../testing/issuer.ts'
import { createWorld, expectAllRefused, fromEach, outcome } from '../testing/setup.ts'
import { createVerifier } from '../verify.ts'

test('JV-01 a token with alg none and no signature is refused', async () => {
  const { key, verifier } = createWorld()
  const unsigned = `${encode(headerFor(key, { alg: 'none' }))}.${encode(claims())}.`
  expect(await outcome(verifier.verify(unsigned))).toBe('TOKEN_INVALID')
})

test('JV-02 no spelling of none is accepted, signed or not', async () => {
  const { key, verifier } = createWorld()
  const spellings = ['None', 'NONE', 'nOnE', 'none ', 'none\u0000', 'none']
  const escaped = JSON.stringify(headerFor(key, { alg: 'none' })).replace('none', '\\u006eone')

  await expectAllRefused(verifier, {
    ...fromEach(spellings, (alg) => mint(key, { header: { alg } })),
    unsigned: `${encode(headerFor(key, { alg: 'NONE' }))}.${encode(claims())}.`,
    escaped: signToken(key, escaped, claims()),
    'escaped, unsigned': `${encode(escaped)}.${encode(claims())}.`,
  })
})

test('JV-02 alg must be a string that is spelled exactly as registered', async () => {
  const { key, verifier } = createWorld()
  const wrong = ['es256', 'ES256 ', ['ES256'], { ES256: true }, 256, null, true, '', undefined]
  await expectAllRefused(
    verifier,
    fromEach(wrong, (alg) => mint(key, { header: { alg } })),
  )
})

test('JV-03 a valid token whose signature was removed is refused, with or without its dot', async () => {
  const { key, verifier } = createWorld()
  const [header, payload] = segments(mint(key))
  await expectAllRefused(verifier, {
    'dot kept': `${header}.${payload}.`,
    'dot gone': `${header}.${payload}`,
  })
})

test('JV-05 an HS256 token made with the public key as its MAC key is refused', async () => {
  const { key, verifier } = createWorld()
  const pem = key.publicKey.export({ type: 'spki', format: 'pem' })
  await expectAllRefused(verifier, {
    PEM: forgeHs256(key.kid, pem),
    'PEM without its last line end': forgeHs256(key.kid, String(pem).trim()),
    DER: forgeHs256(key.kid, key.publicKey.export({ type: 'spki', format: 'der' })),
    JWK: forgeHs256(key.kid, JSON.stringify(key.jwk)),
  })
})

test('JV-05 a symmetric key in the key set never checks anything', async () => {
  const secret = { kty: 'oct', kid: 'shared', k: Buffer.alloc(32, 7).toString('base64url'), use: 'sig' }
  const { verifier } = createWorld({ jwks: { keys: [secret, { ...secret, kid: 'named', alg: 'HS256' }] } })
  await expectAllRefused(
    verifier,
    fromEach(['shared', 'named'], (kid) => forgeHs256(kid, Buffer.alloc(32, 7))),
  )
})

test('JV-08 an HS256 token made with an empty key is refused, whatever its kid', async () => {
  const { key, verifier } = createWorld()
  await expectAllRefused(verifier, {
    'known kid': forgeHs256(key.kid, ''),
    'unknown kid': forgeHs256('nobody', ''),
  })
})

test('JV-34 one key has one algorithm: another one is refused under its kid, though it be an accepted one', async () => {
  const { key, verifier } = createWorld()
  const others = ['ES384', 'RS256', 'PS256', 'EdDSA', 'ES512', 'Ed25519']
  await expectAllRefused(verifier, {
    ...fromEach(others, (alg) => mint(key, { header: { alg } })),
    'signed by an RSA key of its own': mint({ ...createKey('RS256'), kid: key.kid }),
    'signed by an Ed25519 key of its own': mint({ ...createKey('EdDSA'), kid: key.kid }),
  })
})

test('JV-34 the algorithm of a key without alg follows from the key itself', async () => {
  for (const alg of ['ES256', 'EdDSA', 'RS256'] as const) {
    const key = createKey(alg)
    const { alg: _, ...jwk } = key.jwk
    const { verifier } = createWorld({ jwks: { keys: [jwk] } }, key)
    const other = alg === 'ES256' ? 'EdDSA' : 'ES256'
    expect(await outcome(verifier.verify(mint(key)))).toBe('accepted')
    expect(await outcome(verifier.verify(mint(key, { header: { alg: other } })))).toBe('TOKEN_INVALID')
  }
})

test('JV-34 a key that says it is for another algorithm is not used for its natural one', async () => {
  const key = createKey('ES256')
  const { verifier } = createWorld({ jwks: { keys: [{ ...key.jwk, alg: 'ES384' }] } }, key)
  expect(await outcome(verifier.verify(mint(key)))).toBe('TOKEN_INVALID')
})

test('JV-34 an algorithm that the options leave out is refused, though the key set holds its key', async () => {
  const key = createKey('RS256')
  const { verifier } = createWorld({ algorithms: ['ES256', 'EdDSA'] }, key)
  expect(await outcome(verifier.verify(mint(key)))).toBe('TOKEN_INVALID')
})

test('KM-15 the algorithm list has a safe default, and can be made neither empty nor unsafe', async () => {
  const required = { issuer: ISSUER, audience: AUDIENCE, jwks: keySet(createKey()) }
  for (const algorithms of [
    [],
    ['none'],
    ['HS256'],
    ['ES256', 'HS512'],
    ['ES257'],
    ['es256'],
    'ES256',
    null,
    [undefined],
  ]) {
    expect(
      () => createVerifier({ ...required, algorithms: algorithms as never }),
      JSON.stringify(algorithms),
    ).toThrow(/^algorithms/)
  }
  for (const alg of ['ES256', 'EdDSA', 'RS256'] as const) {
    const { key, verifier } = createWorld({}, createKey(alg))
    expect(await outcome(verifier.verify(mint(key)))).toBe('accepted')
    expect(await outcome(verifier.verify(forgeHs256(key.kid, '')))).toBe('TOKEN_INVALID')
  }
})
