import { expect, test } from 'vitest'
import {
  claims,
  createKey,
  encode,
  forgeHs256,
  headerFor,
  mint,
  NOW,
  segments,
  signToken,
} from '../testing/issuer.ts'
import { type Inspection, inspectToken, MAX_INSPECTED_LENGTH, type SignedToken } from './index.ts'

const key = createKey()
const token = mint(key)
const [header, payload, signature] = segments(token)

const codes = ({ findings }: Inspection) => findings.map(({ code }) => code)
const codesOf = (text: string) => codes(inspectToken(text))
const withHeader = (changes: object) => mint(key, { header: changes as Record<string, unknown> })
const withClaims = (changes: object) => mint(key, { claims: changes as Record<string, unknown> })

function signed(text: string): SignedToken {
  const inspection = inspectToken(text)
  if (inspection.kind !== 'signed') throw new Error(`it is taken for ${inspection.kind}`)
  return inspection
}

test('a good token is shown whole, with the text that was signed, and nothing is said against it', () => {
  expect(inspectToken(token)).toEqual({
    kind: 'signed',
    token,
    header: { text: JSON.stringify(headerFor(key)), members: headerFor(key) },
    payload: { text: JSON.stringify(claims()), members: claims() },
    signatureBytes: 64,
    isWhole: true,
    findings: [],
  })
})

test.each([
  ['the word Bearer', `Bearer ${token}`, ['BEARER_PREFIX']],
  ['a whole header', `Authorization: bearer   ${token}`, ['BEARER_PREFIX']],
  ['quotes', `"${token}"`, ['QUOTES']],
  ['quotes as JSON has them', `'${token}',`, ['QUOTES']],
  ['white space', `\n  ${token}\t\r\n`, ['WHITE_SPACE']],
  ['a sign that nobody sees', `\u200b${token}\ufeff`, ['WHITE_SPACE']],
  ['line breaks of a terminal', token.replace(/.{80}/g, '$&\n'), ['LINE_BREAKS']],
  [
    'all of it',
    ` "Bearer ${token.slice(0, 30)}\r\n ${token.slice(30)}" `,
    ['WHITE_SPACE', 'QUOTES', 'BEARER_PREFIX', 'LINE_BREAKS'],
  ],
])('what was copied along is taken away and said: %s', (_, text, expected) => {
  expect(signed(text)).toMatchObject({ token, isWhole: true })
  expect(codesOf(text)).toEqual(expected)
})

test('a refresh token is recognised as a secret, and no part of it is repeated', () => {
  const secret = `lk1_${'Ab3-_x9Z'.repeat(9)}`
  for (const text of [
    secret,
    `Bearer ${secret}`,
    `"${secret}"\n`,
    `${secret.slice(0, 40)}\n${secret.slice(40)}`,
  ]) {
    const inspection = inspectToken(text)
    expect([inspection.kind, codes(inspection)]).toEqual([
      'no token',
      expect.arrayContaining(['REFRESH_TOKEN']),
    ])
    expect(JSON.stringify(inspection)).not.toContain('Ab3-_x9Z')
  }
  expect(inspectToken(`lks_${'x'.repeat(43)}`)).toMatchObject({
    kind: 'no token',
    findings: [{ code: 'SERVICE_SECRET' }],
  })
})

test.each([
  ['', ['EMPTY']],
  [' \n', ['EMPTY']],
  ['Bearer ', ['EMPTY']],
  ['hello world', ['LINE_BREAKS', 'NOT_A_TOKEN']],
  ['2YotnFZFEjr1zCsicMWpAA', ['NOT_A_TOKEN']],
  ['www.example.com', ['NOT_A_TOKEN', 'HEADER_NOT_UTF8']],
  ['{"alg":"ES256"}', ['NOT_A_TOKEN']],
  [`${encode('[]')}.${payload}.${signature}`, ['NOT_A_TOKEN', 'HEADER_NOT_AN_OBJECT']],
  ['x'.repeat(MAX_INSPECTED_LENGTH + 1), ['TOO_LONG']],
])('what is no token is said to be none (%#)', (text, expected) => {
  const inspection = inspectToken(text)
  expect(inspection.kind).toBe('no token')
  expect(codes(inspection)).toEqual(expected)
})

test('of an encrypted token the header is shown', () => {
  const jwe = `${encode({ alg: 'RSA-OAEP', enc: 'A256GCM' })}.a.b.c.d`
  expect(inspectToken(jwe)).toMatchObject({
    kind: 'encrypted',
    header: { members: { alg: 'RSA-OAEP', enc: 'A256GCM' } },
    findings: [{ code: 'ENCRYPTED' }],
  })
})

test.each<[string, string, string[]]>([
  ['a part missing', `${header}.${payload}`, ['PARTS', 'SIGNATURE_MISSING']],
  ['a part too many', `${token}.x`, ['PARTS']],
  [
    'cut off in the payload',
    token.slice(0, header.length + 41),
    ['PARTS', 'PAYLOAD_NOT_JSON', 'SIGNATURE_MISSING'],
  ],
  ['cut off in the signature', token.slice(0, -2), ['SIGNATURE_LENGTH']],
  ['the signature gone, its dot kept', `${header}.${payload}.`, ['SIGNATURE_MISSING']],
  ['no base64url in the payload', `${header}.{}.${signature}`, ['PAYLOAD_NOT_BASE64URL']],
  ['no base64url in the signature', `${header}.${payload}.%`, ['SIGNATURE_NOT_BASE64URL']],
  ['padding', `${header}==.${payload}.${signature}`, ['HEADER_NOT_CANONICAL']],
  [
    'the other alphabet',
    `${header}.${payload}.${Buffer.alloc(64, 255).toString('base64')}`,
    ['SIGNATURE_NOT_CANONICAL'],
  ],
  ['no UTF-8', signToken(key, headerFor(key), Buffer.from([0x7b, 0xff, 0x7d])), ['PAYLOAD_NOT_UTF8']],
  ['text', signToken(key, headerFor(key), 'hello'), ['PAYLOAD_NOT_JSON']],
  ['an array', signToken(key, headerFor(key), '[1]'), ['PAYLOAD_NOT_AN_OBJECT']],
  [
    'half a character',
    signToken(key, headerFor(key), '{"exp":1,"x":"\\ud800"}'),
    ['PAYLOAD_NOT_WELL_FORMED'],
  ],
  [
    'too deep',
    signToken(key, headerFor(key), `{"exp":1,"x":${'['.repeat(9000)}${']'.repeat(9000)}}`),
    ['PAYLOAD_NESTED_DEEPLY'],
  ],
])('a broken token is shown as far as it can be, and what is broken is said: %s', (_, text, expected) => {
  expect(signed(text).header.members).toMatchObject({ alg: 'ES256' })
  expect(codesOf(text)).toEqual(expected)
})

test.each<[string, string[]]>([
  ['{"alg":"ES256","kid":"k","exp":1,"sub":9007199254740993}', ['PAYLOAD_NUMBER_ROUNDED']],
  ['{"alg":"ES256","kid":"k","exp":1,"a":[-1e400]}', ['PAYLOAD_NUMBER_ROUNDED']],
  ['{"alg":"ES256","kid":"k","exp":1,"a":[-9007199254740991,0.1,1e21,"9007199254740993","\\"1e400"]}', []],
])('a number that is shown rounded is said: %s', (text, expected) => {
  const inspection = signed(`${header}.${Buffer.from(text).toString('base64url')}.${signature}`)
  expect(codes(inspection)).toEqual(expected)
  expect(inspection.payload.text).toBe(text)
})

test('a member that is named twice is said, in the header and in the payload', () => {
  const twice = JSON.stringify(claims()).replace('{', '{"sub":"admin",')
  expect(codesOf(signToken(key, headerFor(key), twice))).toEqual(['PAYLOAD_DUPLICATE_MEMBER'])
  expect(codesOf(signToken(key, '{"alg":"none","alg":"ES256","kid":"k"}', claims()))).toEqual([
    'HEADER_DUPLICATE_MEMBER',
  ])
})

test.each<[string, string, string[]]>([
  ['none', `${encode({ alg: 'none' })}.${payload}.`, ['ALG_NONE']],
  ['none, spelt otherwise', withHeader({ alg: 'NoNe' }), ['ALG_NONE']],
  ['missing', withHeader({ alg: undefined }), ['ALG_MISSING']],
  ['a shared secret', forgeHs256('k', 'secret'), ['ALG_SYMMETRIC']],
  ['unknown', withHeader({ alg: 'XS256' }), ['ALG_UNKNOWN']],
  ['a name of every object', withHeader({ alg: 'toString' }), ['ALG_UNKNOWN']],
  ['no text', withHeader({ alg: ['ES256'] }), ['ALG_UNKNOWN']],
])('what alg says of itself is said: %s', (_, text, expected) => {
  expect(codesOf(text)).toEqual(expected)
})

test('keys inside the token, extensions that must be understood and a missing kid are said', () => {
  for (const name of ['jwk', 'jku', 'x5u', 'x5c']) {
    expect([name, codesOf(withHeader({ [name]: 'https://evil.example/keys' }))]).toEqual([
      name,
      ['EMBEDDED_KEY'],
    ])
  }
  expect(codesOf(withHeader({ crit: ['exp'] }))).toEqual(['UNKNOWN_CRIT'])
  expect(codesOf(withHeader({ b64: false, crit: ['b64'] }))).toEqual(['UNKNOWN_CRIT', 'UNENCODED_PAYLOAD'])
  expect(codesOf(withHeader({ kid: undefined }))).toEqual(['KID_MISSING'])
})

test.each<[string, object, string[]]>([
  ['no end', { exp: undefined }, ['EXP_MISSING']],
  ['more than a day', { exp: NOW + 86_401 }, ['LIFETIME_OVER_A_DAY']],
  ['a day to the second', { exp: NOW + 86_400 }, []],
  ['text for a time', { auth_time: '1767225600' }, ['TIME_NOT_A_NUMBER']],
  ['null for a time', { nbf: null }, ['TIME_NOT_A_NUMBER']],
  ['milliseconds', { iat: NOW * 1000, exp: NOW * 1000 + 1 }, ['TIME_IN_MILLISECONDS']],
  ['an end before it was issued', { exp: NOW - 1 }, ['EXP_BEFORE_IAT']],
  ['an end before it begins', { nbf: NOW + 900 }, ['NBF_AFTER_EXP']],
])('what is odd about its times is said: %s', (_, changes, expected) => {
  expect(codesOf(withClaims(changes))).toEqual(expected)
})

test('an infinite time is no number', () => {
  const infinite = JSON.stringify(claims()).replace(`"exp":${NOW + 900}`, '"exp":1e400')
  expect(codesOf(signToken(key, headerFor(key), infinite))).toEqual([
    'PAYLOAD_NUMBER_ROUNDED',
    'TIME_NOT_A_NUMBER',
  ])
})

test('no text takes long to look at, however it was made to', () => {
  const spaces = ' '.repeat(65_000)
  const quotes = '\\"'.repeat(24_000)
  const texts = [
    ...[`a${spaces}b`, `"a${spaces}b"`, `Bearer${spaces}a`, `a${'\u200b'.repeat(65_000)}b`],
    ...[`{"${quotes}`, `{"${quotes}\\`].map(
      (header) => `${Buffer.from(header).toString('base64url')}.e30.AA`,
    ),
  ]
  for (const text of texts) {
    const start = performance.now()
    inspectToken(text)
    expect(performance.now() - start, text.slice(0, 20)).toBeLessThan(400)
  }
})

test('no finding repeats anything of the token', () => {
  const marker = 'zzMARKERzz'
  const broken = withHeader({ alg: marker, jku: marker, crit: marker, kid: undefined })
  const texts = [
    broken,
    withClaims({ exp: marker, [marker]: marker }),
    `${marker} ${marker}.${marker}.${marker}`,
    `${encode({ alg: marker })}.${encode(`${marker}`)}.${marker}`,
  ]
  for (const text of texts) {
    expect(inspectToken(text).findings.length).toBeGreaterThan(0)
    expect(JSON.stringify(inspectToken(text).findings)).not.toContain(marker)
  }
})
