// The service's HTTP face, as an attacker sees it: what is sent, what comes back, what must not move.
// It owns no rule of its own; refreshing is attacked in test/refresh, the verifier alone in packages/verifier.
import { generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { PASSWORD, startAuth, type TestAuth } from '../support/auth.ts'
import { encode, type Forge, macToken, openForge, signEs256 } from './forge.ts'

/** The protected endpoints that stand for all: the store is asked, the store would be changed, nobody is asked. */
const PROTECTED = [
  ['GET', '/auth/me', undefined, 200],
  ['POST', '/auth/password/change', { currentPassword: PASSWORD, newPassword: `${PASSWORD}!` }, 204],
  ['GET', '/dev/api/time', undefined, 200],
] as const

interface World extends TestAuth {
  forge: Forge
  email: string
}

/** Named, so that a failing test shows which of them it was. */
type Tokens = Record<string, string>

async function startWorld(): Promise<World> {
  const world = await startAuth({ developmentHelpers: true })
  const { accessToken, email } = await world.signUp('native')
  return { ...world, email, forge: await openForge(world, accessToken) }
}

/** Each is refused everywhere, with the challenge of RFC 6750, and leaves everything as it was. */
async function expectRefused(world: World, tokens: Tokens): Promise<void> {
  const fates: Record<string, unknown> = {}
  const wanted: Record<string, unknown> = {}
  for (const [name, token] of Object.entries(tokens)) {
    for (const [method, path, body] of PROTECTED) {
      const answer = await world.send(method, path, { body, bearer: token })
      const challenge = answer.headers.get('www-authenticate') ?? ''
      const code = answer.body?.error
      fates[`${name} at ${path}`] = [
        answer.status,
        /^Bearer .*error="invalid_token"/.test(challenge),
        code === 'TOKEN_INVALID' || code === 'TOKEN_EXPIRED' ? 'refused' : code,
      ]
      wanted[`${name} at ${path}`] = [401, true, 'refused']
    }
  }
  expect(fates).toEqual(wanted)
  const { status } = await world.send('POST', '/auth/login', {
    body: { email: world.email, password: PASSWORD },
  })
  expect(status, 'the password is still the old one').toBe(200)
}

async function expectAccepted(world: World, tokens: Tokens): Promise<void> {
  for (const [name, token] of Object.entries(tokens)) {
    for (const path of ['/auth/me', '/dev/api/time']) {
      expect((await world.send('GET', path, { bearer: token })).status, `${name} at ${path}`).toBe(200)
    }
  }
}

function named<Item>(items: readonly Item[], token: (item: Item) => string): Tokens {
  return Object.fromEntries(items.map((item) => [JSON.stringify(item), token(item)]))
}

/** Every way to write a word in upper and lower case. */
function spellings(word: string): string[] {
  return [...Array(2 ** word.length).keys()].map((bits) =>
    [...word].map((letter, i) => ((bits >> i) & 1 ? letter.toUpperCase() : letter)).join(''),
  )
}

test('a token that the service signed opens every protected endpoint', async () => {
  const world = await startWorld()
  for (const [method, path, body, status] of PROTECTED) {
    const answer = await world.send(method, path, { body, bearer: world.forge.mint() })
    expect(answer.status, path).toBe(status)
  }
})

test('JV-01: a token that says `none` and carries no signature is refused', async () => {
  const world = await startWorld()
  const { header, claims, mint } = world.forge
  const unsigned = (changes: object) => `${encode({ ...header, alg: 'none', ...changes })}.${encode(claims)}.`
  await expectRefused(world, {
    'as it is': unsigned({}),
    'without kid': unsigned({ kid: undefined }),
    'with the signature of a good token': mint({ header: { alg: 'none' } }),
  })
})

test('JV-02: an algorithm is compared character by character: no spelling of `none`, no near miss of ES256', async () => {
  const world = await startWorld()
  const { forge } = world
  const algorithms: unknown[] = [
    ...spellings('none'),
    ...[
      'none ',
      ' none',
      'none\u0000',
      '\tnone',
      'none\n',
      'ｎｏｎｅ',
      'nоne',
      'non\u200be',
      '"none"',
      '',
      null,
      0,
    ],
    ...[['none'], { alg: 'none' }, true, ['ES256'], { ES256: true }],
    ...[
      'es256',
      'Es256',
      'ES256 ',
      ' ES256',
      'ES256\u0000',
      'ES-256',
      'ES256K',
      'ESB256',
      'HS256',
      'Ed25519',
    ],
  ]
  await expectRefused(world, {
    ...named(algorithms, (alg) => forge.mint({ header: { alg } })),
    absent: forge.mint({ header: { alg: undefined } }),
    'none, written with an escape': forge.sign(`{"alg":"\\u006eone","typ":"at+jwt","kid":"${forge.kid}"}`),
  })
})

test('JV-03: a token without its signature, or with more or fewer parts than three, is refused', async () => {
  const world = await startWorld()
  const token = world.forge.mint()
  const [header = '', claims = '', signature = ''] = token.split('.')
  await expectRefused(world, {
    'signature removed': `${header}.${claims}.`,
    'signature and its dot removed': `${header}.${claims}`,
    'header removed': `.${claims}.${signature}`,
    'claims removed': `${header}..${signature}`,
    'nothing but dots': '..',
    'one part': header,
    'four parts': `${token}.${signature}`,
    'five parts, as of an encrypted token': `${header}.${signature}.${signature}.${claims}.${signature}`,
    'a dot before': `.${token}`,
    'a dot after': `${token}.`,
  })
})

test('JV-05: the public key is no shared secret, in whichever form it is used as one', async () => {
  const world = await startWorld()
  const { publicKey, header, claims } = world.forge
  const published = await world.send('GET', '/.well-known/jwks.json')
  const pem = publicKey.export({ format: 'pem', type: 'spki' }) as string
  const forms: Record<string, string | Buffer> = {
    PEM: pem,
    'PEM without its last line break': pem.trimEnd(),
    'PEM with CRLF': pem.replaceAll('\n', '\r\n'),
    DER: publicKey.export({ format: 'der', type: 'spki' }),
    'the published JWK': JSON.stringify(published.body.keys[0]),
    'the published key set': JSON.stringify(published.body),
    'its x coordinate': published.body.keys[0].x,
    'its point': Buffer.concat(
      ['x', 'y'].map((name) => Buffer.from(published.body.keys[0][name], 'base64url')),
    ),
  }
  const tokens: Tokens = {}
  for (const [name, key] of Object.entries(forms)) {
    for (const algorithm of ['HS256', 'HS384', 'HS512'] as const) {
      tokens[`${algorithm} with ${name}`] = macToken(algorithm, header, claims, key)
    }
  }
  await expectRefused(world, tokens)
})

test('JV-08: an empty shared key opens nothing, with any key id or none', async () => {
  const world = await startWorld()
  const { header, claims } = world.forge
  const kids = [
    header.kid,
    'unknown',
    '',
    undefined,
    null,
    '__proto__',
    'constructor',
    'toString',
    'length',
    '0',
  ]
  await expectRefused(
    world,
    named(kids, (kid) => macToken('HS256', { ...header, kid }, claims, '')),
  )
})

test('JV-09: a key that the token brings along is never looked at', async () => {
  const world = await startWorld()
  const { header, claims } = world.forge
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const jwk = { ...publicKey.export({ format: 'jwk' }), alg: 'ES256', use: 'sig' }
  const der = publicKey.export({ format: 'der', type: 'spki' }).toString('base64')
  const forged = (changes: object) => signWith(privateKey, { ...header, ...changes }, claims)
  await expectRefused(world, {
    'jwk, the kid of the service': forged({ jwk: { ...jwk, kid: header.kid } }),
    'jwk, its own kid': forged({ jwk: { ...jwk, kid: 'mine' }, kid: 'mine' }),
    'jwk, no kid': forged({ jwk, kid: undefined }),
    x5c: forged({ x5c: [der] }),
    'x5c, no kid': forged({ x5c: [der], kid: undefined }),
    'nothing brought along': forged({}),
  })
})

test('JV-10: no address that a token names is ever called', async () => {
  const world = await startWorld()
  const { header, claims } = world.forge
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const jwk = { ...publicKey.export({ format: 'jwk' }), kid: 'mine', alg: 'ES256', use: 'sig' }
  let connections = 0
  const listener = createServer((_, answer) => answer.end(JSON.stringify({ keys: [jwk] })))
  listener.on('connection', () => {
    connections += 1
  })
  listener.listen(0, '127.0.0.1')
  await once(listener, 'listening')
  onTestFinished(() => void listener.close())
  const { port } = listener.address() as AddressInfo
  const attacker = `http://127.0.0.1:${port}`

  const forged = (changes: object) => signWith(privateKey, { ...header, kid: 'mine', ...changes }, claims)
  await expectRefused(world, {
    jku: forged({ jku: `${attacker}/.well-known/jwks.json` }),
    x5u: forged({ x5u: `${attacker}/chain.pem` }),
    'jku with the kid of the service': forged({ jku: attacker, kid: header.kid }),
    'jku of the service with the attacker in its user name': forged({
      jku: `http://localhost@127.0.0.1:${port}/`,
    }),
    'an issuer of its own': signWith(privateKey, { ...header, kid: 'mine' }, { ...claims, iss: attacker }),
    'a kid that is an address': forged({ kid: `${attacker}/key` }),
  })
  expect(connections).toBe(0)
})

test('JV-12: a key id that is a path, an address or a query is only a key id that nobody has', async () => {
  const world = await startWorld()
  const { header, claims } = world.forge
  const kids = [
    '../../../../../../dev/null',
    '/dev/null',
    '/proc/self/environ',
    'file:///etc/hostname',
    world.store.database.replace('sqlite:', ''),
    'C:\\Windows\\win.ini',
    `' or '1'='1`,
    `${header.kid}' --`,
    `${header.kid}\u0000`,
    `${header.kid} `,
    String(header.kid).toUpperCase(),
    '| id',
    '$(id)',
    '%00',
  ]
  await expectRefused(
    world,
    named(kids, (kid) => macToken('HS256', { ...header, kid }, claims, '')),
  )
  await expectRefused(
    world,
    named(kids, (kid) => world.forge.mint({ header: { kid } })),
  )
})

test('JV-14: a key id that is no text, or endless, is refused before any key is looked for', async () => {
  const world = await startWorld()
  const { forge } = world
  const kids = [7, 0, -1, 1.5, true, false, null, [], [forge.kid], {}, { kid: forge.kid }, '']
  await expectRefused(world, {
    ...named(kids, (kid) => forge.mint({ header: { kid } })),
    absent: forge.mint({ header: { kid: undefined } }),
    '64 KiB': forge.mint({ header: { kid: 'k'.repeat(65_536) } }),
    '257 characters': forge.mint({ header: { kid: 'k'.repeat(257) } }),
    'the right one, padded': forge.mint({ header: { kid: forge.kid.padEnd(300, '=') } }),
  })
})

test('JV-15: a token that demands an extension is refused, whatever the demand looks like', async () => {
  const world = await startWorld()
  const { forge } = world
  const demands = [
    ['x-unknown'],
    [],
    ['alg'],
    ['exp'],
    ['b64'],
    'x-unknown',
    {},
    null,
    true,
    0,
    [null],
    [['b64']],
  ]
  await expectRefused(world, {
    ...named(demands, (crit) => forge.mint({ header: { crit, 'x-unknown': true } })),
    'an unencoded payload': forge.mint({ header: { crit: ['b64'], b64: false } }),
    'an unencoded payload that is not demanded': forge.mint({ header: { b64: false } }),
  })
})

test('JV-17: only an access token passes for one; its type is compared without regard to case', async () => {
  const world = await startWorld()
  const { forge } = world
  const others = [
    ...['JWT', 'jwt', 'id_token', 'logout+jwt', 'dpop+jwt', 'refresh+jwt', 'rt+jwt', 'secevent+jwt', 'JOSE'],
    ...['at', 'at+jwt ', ' at+jwt', 'at+jwt\u0000', 'at+jwt;v=1', 'text/at+jwt', 'application/jwt', 'at jwt'],
    ...['application/application/at+jwt', '', null, 1, true, ['at+jwt'], { typ: 'at+jwt' }],
  ]
  await expectRefused(world, {
    ...named(others, (typ) => forge.mint({ header: { typ } })),
    absent: forge.mint({ header: { typ: undefined } }),
  })
  const own = ['at+jwt', 'AT+JWT', 'At+Jwt', 'application/at+jwt', 'APPLICATION/AT+JWT']
  await expectAccepted(
    world,
    named(own, (typ) => forge.mint({ header: { typ } })),
  )
})

test('JV-19 JV-20: a token for another audience is refused, however alike the two names are', async () => {
  const world = await startWorld()
  const { forge, url } = world
  const others = [
    'https://other.example',
    ...[
      `${url}/`,
      `${url}.evil.example`,
      url.slice(0, -1),
      url.toUpperCase(),
      ` ${url}`,
      `${url} `,
      `${url}\u0000`,
    ],
    ...[
      '',
      '*',
      null,
      0,
      true,
      [],
      [[url]],
      ['https://other.example'],
      [`${url}/`],
      {},
      { 0: url, length: 1 },
    ],
    ...[[url, 7], [url, null], { [url]: true }],
  ]
  await expectRefused(world, {
    ...named(others, (aud) => forge.mint({ claims: { aud } })),
    absent: forge.mint({ claims: { aud: undefined } }),
  })
  await expectAccepted(
    world,
    named([url, [url], ['https://other.example', url]], (aud) => forge.mint({ claims: { aud } })),
  )
})

test('JV-21: a token of another issuer is refused, however alike the two names are', async () => {
  const world = await startWorld()
  const { forge, url } = world
  const others = [
    'https://other.example',
    ...[`${url}/`, `${url}.evil.example`, url.slice(0, -1), url.toUpperCase(), url.replace('http', 'https')],
    ...['', null, 0, true, [url], ['https://other.example', url], {}, { iss: url }],
  ]
  await expectRefused(world, {
    ...named(others, (iss) => forge.mint({ claims: { iss } })),
    absent: forge.mint({ claims: { iss: undefined } }),
  })
})

test('JV-23: a token that has run out, or never would, is refused', async () => {
  const world = await startWorld()
  const { forge } = world
  const now = Math.floor(world.clock.now / 1000)
  const ends = [now - 6, now - 3600, 0, -1, -(2 ** 53), String(now + 600), null, true, [now + 600], {}]
  await expectRefused(world, {
    ...named(ends, (exp) => forge.mint({ claims: { exp } })),
    absent: forge.mint({ claims: { exp: undefined } }),
    infinite: forge.sign(forge.header, JSON.stringify(forge.claims).replace(/"exp":\d+/, '"exp":1e400')),
    'good for a year': forge.mint({ claims: { exp: now + 31_536_000 } }),
    'good for a day and a second': forge.mint({ claims: { exp: now + 86_401 } }),
  })
  const ranOut = await world.send('GET', '/auth/me', { bearer: forge.mint({ claims: { exp: now - 6 } }) })
  expect(ranOut.body.error, 'a client refreshes at this one').toBe('TOKEN_EXPIRED')
})

test('JV-25: a token that is not good yet is refused', async () => {
  const world = await startWorld()
  const { forge } = world
  const now = Math.floor(world.clock.now / 1000)
  const times = [now + 6, now + 300, now + 3600, String(now), null, true, [now], {}]
  await expectRefused(world, {
    ...Object.fromEntries(
      times.flatMap((time) => [
        [`nbf ${JSON.stringify(time)}`, forge.mint({ claims: { nbf: time } })],
        [`iat ${JSON.stringify(time)}`, forge.mint({ claims: { iat: time } })],
      ]),
    ),
    'iat absent': forge.mint({ claims: { iat: undefined } }),
  })
  await expectAccepted(world, { 'nbf now': forge.mint({ claims: { nbf: now } }) })
})

test('JV-28: a header or a payload that names a member twice is refused, in any order and spelling', async () => {
  const world = await startWorld()
  const { forge } = world
  const header = (members: string) => forge.sign(`{${members},"typ":"at+jwt","kid":"${forge.kid}"}`)
  const claims = JSON.stringify(forge.claims)
  await expectRefused(world, {
    'RS256 then none': header('"alg":"RS256","alg":"none"'),
    'none then ES256': header('"alg":"none","alg":"ES256"'),
    'ES256 then none': header('"alg":"ES256","alg":"none"'),
    'ES256 twice': header('"alg":"ES256","alg":"ES256"'),
    'the second written with an escape': header('"alg":"none","\\u0061lg":"ES256"'),
    'kid twice': forge.sign(`{"alg":"ES256","typ":"at+jwt","kid":"x","kid":"${forge.kid}"}`),
    'sub twice': forge.sign(forge.header, claims.replace('{', '{"sub":"somebody else",')),
    'exp twice': forge.sign(forge.header, claims.replace('{', '{"exp":1,')),
  })
})

test('JV-29: a token whose texts are not well-formed UTF-8 JSON is refused', async () => {
  const world = await startWorld()
  const { forge } = world
  const header = JSON.stringify({ ...forge.header, note: 'é' })
  const claims = JSON.stringify({ ...forge.claims, note: 'é' })
  const bom = Buffer.from([0xef, 0xbb, 0xbf])
  const utf16 = (text: string) => Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(text, 'utf16le')])
  const lone = (text: string) => text.replace('é', '\\ud800')
  const broken: Record<string, (text: string) => Buffer | string> = {
    'Latin-1': (text) => Buffer.from(text, 'latin1'),
    'UTF-16 with its mark': utf16,
    'UTF-16': (text) => Buffer.from(text, 'utf16le'),
    'a byte order mark': (text) => Buffer.concat([bom, Buffer.from(text)]),
    'half a surrogate pair': lone,
    'an overlong encoding': (text) => Buffer.from(text.replace('é', '\xc0\xaf'), 'latin1'),
    'a comma at the end': (text) => text.replace(/\}$/, ',}'),
    'single quotes': (text) => text.replaceAll('"', "'"),
    'a comment': (text) => `${text}// end`,
    'something behind it': (text) => `${text}{}`,
    'an array': (text) => `[${text}]`,
    'a text': (text) => JSON.stringify(text),
    null: () => 'null',
    nothing: () => '',
    'an endless nesting': () => '['.repeat(7_000),
  }
  for (const [name, breakIt] of Object.entries(broken)) {
    await expectRefused(world, {
      [`header: ${name}`]: forge.sign(breakIt(header)),
      [`payload: ${name}`]: forge.sign(forge.header, breakIt(claims)),
    })
  }
  await expectAccepted(world, { 'the same in UTF-8': forge.sign(header, claims) })
})

test('JV-30: a token has one spelling: no padding, no white space, no other alphabet', async () => {
  const world = await startWorld()
  const token = tokenWithBothSpecialCharacters(world.forge)
  const [header = '', claims = '', signature = ''] = token.split('.')
  const inSignature = (text: string) => `${header}.${claims}.${text}`
  const last = signature.at(-1) as string
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
  await expectRefused(world, {
    padding: inSignature(`${signature}==`),
    'one = as padding': inSignature(`${signature}=`),
    'padding before it': inSignature(`=${signature}`),
    'a space inside': inSignature(`${signature.slice(0, 10)} ${signature.slice(10)}`),
    'a tab inside': inSignature(`${signature.slice(0, 10)}\t${signature.slice(10)}`),
    'the other alphabet': inSignature(signature.replaceAll('-', '+').replaceAll('_', '/')),
    'percent-encoding': inSignature(signature.replaceAll('-', '%2D').replaceAll('_', '%5F')),
    'other bits at the end': inSignature(
      signature.slice(0, -1) + alphabet[(alphabet.indexOf(last) & ~15) | ((alphabet.indexOf(last) + 1) & 15)],
    ),
    'one more character': inSignature(`${signature}A`),
    'padding in the header': `${header}=.${claims}.${signature}`,
    'padding in the payload': `${header}.${claims}=.${signature}`,
    'a comma behind it': `${token},`,
    'quotes around it': `"${token}"`,
  })
  await expectAccepted(world, { 'as it was issued': token })
})

test('JV-33: a signature that is malformed, degenerate or of another form is refused', async () => {
  const world = await startWorld()
  const { forge } = world
  const input = forge.mint().split('.').slice(0, 2).join('.')
  const good = signEs256(input, forge.privateKey)
  const r = good.subarray(0, 32)
  const s = good.subarray(32)
  const n = Buffer.from('ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551', 'hex')
  const less = Buffer.from(n)
  less.writeUInt8(less.readUInt8(31) - 1, 31)
  const zero = Buffer.alloc(32)
  const one = Buffer.concat([Buffer.alloc(31), Buffer.of(1)])
  const signatures: Record<string, Buffer> = {
    'DER form': sign('sha256', Buffer.from(input), { key: forge.privateKey, dsaEncoding: 'der' }),
    'both zero': Buffer.concat([zero, zero]),
    'r zero': Buffer.concat([zero, s]),
    's zero': Buffer.concat([r, zero]),
    'r = n': Buffer.concat([n, s]),
    's = n': Buffer.concat([r, n]),
    'both n - 1': Buffer.concat([less, less]),
    'both 1': Buffer.concat([one, one]),
    'all ones': Buffer.alloc(64, 0xff),
    'one byte short': good.subarray(0, 63),
    half: r,
    'one byte more': Buffer.concat([good, Buffer.of(0)]),
    'a zero before each half': Buffer.concat([Buffer.of(0), r, Buffer.of(0), s]),
    twice: Buffer.concat([good, good]),
    'halves swapped': Buffer.concat([s, r]),
    random: randomBytes(64),
  }
  await expectRefused(
    world,
    Object.fromEntries(
      Object.entries(signatures).map(([name, bytes]) => [name, `${input}.${bytes.toString('base64url')}`]),
    ),
  )
})

test('JV-34: one key has one algorithm: a good signature by another one is refused under its key id', async () => {
  const world = await startWorld()
  const { header, claims } = world.forge
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey
  const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey
  const p521 = generateKeyPairSync('ec', { namedCurve: 'P-521' }).privateKey
  const ed25519 = generateKeyPairSync('ed25519').privateKey
  const signed = (alg: string, signer: (input: Buffer) => Buffer) => {
    const input = `${encode({ ...header, alg })}.${encode(claims)}`
    return `${input}.${signer(Buffer.from(input)).toString('base64url')}`
  }
  const ecdsa = (key: KeyObject, hash: string) => (input: Buffer) =>
    sign(hash, input, { key, dsaEncoding: 'ieee-p1363' })
  await expectRefused(world, {
    RS256: signed('RS256', (input) => sign('sha256', input, rsa)),
    PS256: signed('PS256', (input) => sign('sha256', input, { key: rsa, padding: 6, saltLength: 32 })),
    ES384: signed('ES384', ecdsa(p384, 'sha384')),
    ES512: signed('ES512', ecdsa(p521, 'sha512')),
    EdDSA: signed('EdDSA', (input) => sign(null, input, ed25519)),
    'ES256 by a P-384 key': signed('ES256', ecdsa(p384, 'sha256')),
    'ES384 by the key of the service': signed('ES384', ecdsa(world.forge.privateKey, 'sha384')),
    'RS256 over a signature of the service': signed('RS256', ecdsa(world.forge.privateKey, 'sha256')),
  })
})

test('JV-36: a token that was accepted a moment ago is refused once it has run out', async () => {
  const world = await startWorld()
  const token = world.forge.mint()
  await expectAccepted(world, { before: token })

  world.clock.now += 899_000
  await expectAccepted(world, { 'in its last second': token })

  world.clock.now += 7_000
  await expectRefused(world, { afterwards: token })
})

test('JV-37: a good token is accepted every time', async () => {
  const world = await startWorld()
  const token = world.forge.mint()
  const tries = Object.fromEntries([...Array(10).keys()].map((i) => [`try ${i + 1}`, token]))
  await expectAccepted(world, tries)
})

test('a token whose user and session are not there, or do not belong together, is refused as revoked', async () => {
  const world = await startWorld()
  const other = await world.signUp('native')
  const changes = {
    'no such session': { sid: crypto.randomUUID() },
    'the session of another user': { sid: other.sessionId },
    'the user of another session': { sub: other.userId },
    'a session id that is none': { sid: "' or 1=1 --" },
  }
  for (const [name, claims] of Object.entries(changes)) {
    const answer = await world.send('GET', '/auth/me', { bearer: world.forge.mint({ claims }) })
    expect([answer.status, answer.body.error], name).toEqual([401, 'TOKEN_REVOKED'])
  }
})

function signWith(privateKey: KeyObject, header: object, claims: object): string {
  const input = `${encode({ ...header })}.${encode({ ...claims })}`
  return `${input}.${signEs256(input, privateKey).toString('base64url')}`
}

/** One whose signature holds both characters in which the two alphabets differ. */
function tokenWithBothSpecialCharacters(forge: Forge): string {
  for (;;) {
    const token = forge.mint()
    const signature = token.split('.')[2] as string
    if (signature.includes('-') && signature.includes('_')) return token
  }
}
