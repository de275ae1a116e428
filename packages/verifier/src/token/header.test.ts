import { test } from 'vitest'
import { claims, headerFor, mint, signToken } from '../testing/issuer.ts'
import { createWorld, expectAllAccepted, expectAllRefused, fromEach } from '../testing/setup.ts'

test('JV-15 crit is refused in every form, and b64 with it', async () => {
  const { key, verifier } = createWorld()
  const headers = [
    { crit: ['x-unknown'], 'x-unknown': true },
    { crit: [] },
    { crit: ['alg'] },
    { crit: ['b64'], b64: true },
    { crit: 'x-unknown' },
    { crit: null },
    { b64: true },
    { b64: false },
  ]
  await expectAllRefused(
    verifier,
    fromEach(headers, (header) => mint(key, { header })),
  )
})

test('JV-15 an unknown member that is not critical changes nothing', async () => {
  const { key, verifier } = createWorld()
  await expectAllAccepted(verifier, { unknown: mint(key, { header: { 'x-unknown': { nested: [1] } } }) })
})

test('JV-17 no other kind of JWT passes for an access token', async () => {
  const { key, verifier } = createWorld()
  const types = [
    'JWT',
    undefined,
    'id_token',
    'logout+jwt',
    'dpop+jwt',
    'refresh+jwt',
    'at+jwt ',
    '',
    null,
    ['at+jwt'],
  ]
  await expectAllRefused(
    verifier,
    fromEach(types, (typ) => mint(key, { header: { typ } })),
  )
})

test('JV-17 the access token type is known in either form and any case', async () => {
  const { key, verifier } = createWorld()
  const types = ['at+jwt', 'application/at+jwt', 'AT+JWT', 'Application/At+Jwt']
  await expectAllAccepted(
    verifier,
    fromEach(types, (typ) => mint(key, { header: { typ } })),
  )
})

test("JV-17 typ 'JWT' as an option accepts JWT as well, and still nothing else", async () => {
  const { key, verifier } = createWorld({ typ: 'JWT' })
  await expectAllAccepted(
    verifier,
    fromEach(['JWT', 'jwt', 'at+jwt'], (typ) => mint(key, { header: { typ } })),
  )
  await expectAllRefused(
    verifier,
    fromEach([undefined, 'id_token', 'logout+jwt'], (typ) => mint(key, { header: { typ } })),
  )
})

test('JV-28 a header that names a member twice is refused, whichever comes last', async () => {
  const { key, verifier } = createWorld()
  const rest = `"typ":"at+jwt","kid":"${key.kid}"`
  const headers = {
    'none last': `{"alg":"ES256","alg":"none",${rest}}`,
    'none first': `{"alg":"none","alg":"ES256",${rest}}`,
    'the same value twice': `{"alg":"ES256","alg":"ES256",${rest}}`,
    'an escaped name': `{"\\u0061lg":"none","alg":"ES256",${rest}}`,
    'two kids': `{"kid":"other","alg":"ES256",${rest}}`,
    'a name behind a string that holds an escaped quote': `{"x":"\\"}{","alg":"none","alg":"ES256",${rest}}`,
    'an empty name': `{"":1,"":2,"alg":"ES256",${rest}}`,
  }
  const tokens = Object.entries(headers).map(
    ([name, header]) => [name, signToken(key, header, claims())] as const,
  )
  await expectAllRefused(verifier, Object.fromEntries(tokens))
})

test('JV-28 a payload that names a claim twice is refused', async () => {
  const { key, verifier } = createWorld()
  const payload = JSON.stringify(claims()).replace('{', '{"sub":"admin",')
  await expectAllRefused(verifier, { 'two subjects': signToken(key, headerFor(key), payload) })
})

test('JV-28 the same name inside another member is no repetition', async () => {
  const { key, verifier } = createWorld()
  const nested = { alg: 'x', list: [{ alg: 1 }, { alg: 2 }], text: '","alg":"none","x\\":{[' }
  await expectAllAccepted(verifier, { nested: mint(key, { header: { nested }, claims: { nested } }) })
})

test('JV-29 a header or payload that is not plain UTF-8 is refused', async () => {
  const { key, verifier } = createWorld()
  const header = JSON.stringify(headerFor(key, { x: 'é' }))
  const payload = JSON.stringify(claims({ x: 'é' }))
  const [cesuHeader, cesuPayload] = [header, payload].map((json) =>
    Buffer.from(Buffer.from(json).toString('hex').replace('c3a9', 'eda080'), 'hex'),
  )
  const [escapedHeader, escapedPayload] = [header, payload].map((json) => json.replace('é', '\\ud800'))

  await expectAllAccepted(verifier, { 'plain UTF-8': signToken(key, header, payload) })
  await expectAllRefused(verifier, {
    'header in Latin-1': signToken(key, Buffer.from(header, 'latin1'), payload),
    'header in UTF-16 with BOM': signToken(key, Buffer.from(`\ufeff${header}`, 'utf16le'), payload),
    'header with BOM': signToken(key, `\ufeff${header}`, payload),
    'header with a lone surrogate': signToken(key, cesuHeader!, payload),
    'header with an escaped lone surrogate': signToken(key, escapedHeader!, payload),
    'payload in Latin-1': signToken(key, header, Buffer.from(payload, 'latin1')),
    'payload with BOM': signToken(key, header, `\ufeff${payload}`),
    'payload with a lone surrogate': signToken(key, header, cesuPayload!),
    'payload with an escaped lone surrogate': signToken(key, header, escapedPayload!),
    'payload with a lone surrogate in a name': signToken(key, header, payload.replace('"x"', '"\\udc00"')),
  })
})

test('JV-29 a header or payload that is no JSON object is refused', async () => {
  const { key, verifier } = createWorld()
  const texts = ['', 'null', '[]', '"text"', '1', '{', `${JSON.stringify(headerFor(key))} x`]
  await expectAllRefused(verifier, {
    ...fromEach(texts, (text) => signToken(key, text, claims())),
    'payload null': signToken(key, headerFor(key), 'null'),
    'payload an array': signToken(key, headerFor(key), '[]'),
    'payload empty': signToken(key, headerFor(key), ''),
  })
})

test('a header nested as deep as its size allows is refused like any other', async () => {
  const { key, verifier } = createWorld()
  const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth)
  await expectAllRefused(verifier, {
    deep: signToken(key, `{"alg":"none","x":${nested(5000)}}`, claims()),
    'deep, with an escape': signToken(key, `{"alg":"none","y":"\\u0041","x":${nested(5000)}}`, claims()),
    'deep and unclosed': signToken(key, `{"alg":${'['.repeat(10_000)}`, claims()),
    'deep with objects': signToken(key, `{"alg":"none","x":${'{"":'.repeat(2000)}`, claims()),
  })
})
