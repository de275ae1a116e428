import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, onTestFinished, test } from 'vitest'
import {
  AUDIENCE,
  claims,
  createKey,
  encode,
  forgeHs256,
  headerFor,
  ISSUER,
  mint,
  NOW,
  type SigningKey,
  segments,
  signatureOf,
  signToken,
} from '../../packages/verifier/src/testing/issuer.ts'
import { APPS } from './apps.ts'
import { refusalOf, startWorld, type World } from './world.ts'

/** Named, so that a failing test shows which of them it was. */
type Tokens = Record<string, string>

describe.each(APPS)('behind %s', (_, start) => {
  attack('JV-01: a token that says `none` and carries no signature is refused', (key) => ({
    'as it is': `${encode(headerFor(key, { alg: 'none' }))}.${encode(claims())}.`,
    'without kid': `${encode({ alg: 'none', typ: 'at+jwt' })}.${encode(claims())}.`,
    'with the signature of a good token': mint(key, { header: { alg: 'none' } }),
  }))

  attack('JV-02: no spelling of `none` is an algorithm', (key) => ({
    ...named(['None', 'NONE', 'nOnE', 'none ', 'none\u0000'], (alg) => mint(key, { header: { alg } })),
    ...named(['None', 'NONE', 'nOnE', 'none ', 'none\u0000'], (alg) => unsigned(headerFor(key, { alg }))),
    'with an escape': signToken(key, `{"alg":"\\u006eone","typ":"at+jwt","kid":"${key.kid}"}`, claims()),
  }))

  attack('JV-03: a token without its signature is refused', (key) => {
    const [header, payload, signature] = segments(mint(key))
    return {
      'both dots kept': `${header}.${payload}.`,
      'one dot': `${header}.${payload}`,
      'nothing but dots': '..',
      'four parts': `${header}.${payload}.${signature}.${signature}`,
    }
  })

  attack('JV-05: the public key is no shared secret', (key) => ({
    PEM: forgeHs256(key.kid, key.publicKey.export({ format: 'pem', type: 'spki' })),
    'PEM without its last line break': forgeHs256(
      key.kid,
      key.publicKey.export({ format: 'pem', type: 'spki' }).toString().trimEnd(),
    ),
    DER: forgeHs256(key.kid, key.publicKey.export({ format: 'der', type: 'spki' })),
    JWK: forgeHs256(key.kid, JSON.stringify(key.jwk)),
  }))

  attack('JV-08: an empty shared key opens nothing, with any key id', (key) =>
    named([key.kid, 'unknown', '', '__proto__', 'constructor'], (kid) => forgeHs256(kid, '')),
  )

  attack('JV-09: a key that the token brings along is never looked at', (key) => {
    const mine = createKey()
    const forged = (header: Record<string, unknown>) => signToken(mine, headerFor(key, header), claims())
    return {
      'jwk, the issuer`s kid': forged({ jwk: { ...mine.jwk, kid: key.kid } }),
      'jwk, its own kid': forged({ jwk: mine.jwk, kid: mine.kid }),
      'jwk, no kid': forged({ jwk: mine.jwk, kid: undefined }),
      x5c: forged({ x5c: [mine.publicKey.export({ format: 'der', type: 'spki' }).toString('base64')] }),
    }
  })

  test('JV-10: no address that a token names is ever called', async () => {
    const world = await startWorld(start)
    const mine = createKey()
    let connections = 0
    const listener = createServer((_, answer) => answer.end(JSON.stringify({ keys: [mine.jwk] })))
    listener.on('connection', () => {
      connections += 1
    })
    await once(listener.listen(0, '127.0.0.1'), 'listening')
    onTestFinished(() => void listener.close())
    const attacker = `http://127.0.0.1:${(listener.address() as AddressInfo).port}`

    await expectRefused(world, {
      jku: mint(mine, { header: { jku: `${attacker}/jwks.json` } }),
      x5u: mint(mine, { header: { x5u: `${attacker}/chain.pem` } }),
      'jku under the issuer`s kid': mint(mine, { header: { jku: attacker, kid: world.key.kid } }),
      'an issuer of its own': mint(mine, { claims: { iss: attacker } }),
    })
    expect(connections).toBe(0)
  })

  attack('JV-12: a key id that is a path is only a key id that nobody has', (key) => {
    const kids = [
      '../../../../dev/null',
      '/dev/null',
      'file:///etc/hostname',
      `' or '1'='1`,
      `${key.kid}\u0000`,
    ]
    return {
      ...named(kids, (kid) => forgeHs256(kid, '')),
      ...Object.fromEntries(kids.map((kid) => [`signed, ${kid}`, mint(key, { header: { kid } })])),
    }
  })

  attack('JV-14: a key id that is no text, or endless, is refused', (key) => ({
    ...named([7, [key.kid], { kid: key.kid }, null, true, ''], (kid) => mint(key, { header: { kid } })),
    absent: mint(key, { header: { kid: undefined } }),
    // 64 KiB of it would be 431 before anybody looked at it: see the headers' test.
    '6 KiB': mint(key, { header: { kid: 'k'.repeat(6144) } }),
  }))

  attack('JV-15: a token that demands an extension is refused', (key) =>
    named([['x-unknown'], [], ['alg'], 'x-unknown', {}, null, ['b64']], (crit) =>
      mint(key, { header: { crit, 'x-unknown': true } }),
    ),
  )

  attack(
    'JV-17: only an access token passes for one',
    (key) => ({
      ...named(['JWT', 'id_token', 'logout+jwt', 'dpop+jwt', 'refresh+jwt', '', null], (typ) =>
        mint(key, { header: { typ } }),
      ),
      absent: mint(key, { header: { typ: undefined } }),
    }),
    (key) =>
      named(['at+jwt', 'AT+JWT', 'application/at+jwt', 'Application/At+Jwt'], (typ) =>
        mint(key, { header: { typ } }),
      ),
  )

  attack(
    'JV-19 JV-20: a token for another audience is refused, however alike the two names are',
    (key) => {
      const others = [
        ...['https://other.example', [], ['https://other.example'], { [AUDIENCE]: true }, null, [[AUDIENCE]]],
        ...[AUDIENCE.slice(0, -1), `${AUDIENCE}.evil`, AUDIENCE.toUpperCase(), `${AUDIENCE}/`],
      ]
      return {
        ...named(others, (aud) => mint(key, { claims: { aud } })),
        absent: mint(key, { claims: { aud: undefined } }),
      }
    },
    (key) => named([AUDIENCE, ['https://other.example', AUDIENCE]], (aud) => mint(key, { claims: { aud } })),
  )

  attack('JV-21: a token of another issuer is refused', (key) => ({
    ...named(['https://other.example', `${ISSUER}/`, [ISSUER], null, ''], (iss) =>
      mint(key, { claims: { iss } }),
    ),
    absent: mint(key, { claims: { iss: undefined } }),
  }))

  attack('JV-23: a token that has run out, or never would, is refused', (key) => ({
    ...named([NOW - 6, 0, -1, String(NOW + 600), null], (exp) => mint(key, { claims: { exp } })),
    absent: mint(key, { claims: { exp: undefined } }),
  }))

  attack('JV-25: a token that is not good yet is refused', (key) => ({
    'nbf in five minutes': mint(key, { claims: { nbf: NOW + 300 } }),
    'iat in an hour': mint(key, { claims: { iat: NOW + 3600, exp: NOW + 3900 } }),
  }))

  attack('JV-28: a header that names a member twice is refused', (key) => ({
    'RS256 then none': signToken(key, `{"alg":"RS256","alg":"none","kid":"${key.kid}"}`, claims()),
    'ES256 twice': signToken(
      key,
      `{"alg":"ES256","alg":"ES256","typ":"at+jwt","kid":"${key.kid}"}`,
      claims(),
    ),
  }))

  attack('JV-29: texts that are not well-formed UTF-8 are refused', (key) => {
    const header = JSON.stringify(headerFor(key, { note: 'é' }))
    const payload = JSON.stringify(claims())
    return {
      'Latin-1': signToken(key, Buffer.from(header, 'latin1'), payload),
      'UTF-16 with its mark': signToken(key, Buffer.from(`\ufeff${header}`, 'utf16le'), payload),
      'half a surrogate pair': signToken(key, header.replace('é', '\\ud800'), payload),
      'a payload with a byte order mark': signToken(key, header, `\ufeff${payload}`),
    }
  })

  attack('JV-30: a signature has one spelling', (key) => {
    const [header, payload, signature] = segments(tokenWithDash(key))
    const inSignature = (text: string) => `${header}.${payload}.${text}`
    return {
      padding: inSignature(`${signature}==`),
      'a space inside': inSignature(`${signature.slice(0, 10)} ${signature.slice(10)}`),
      'a tab inside': inSignature(`${signature.slice(0, 10)}\t${signature.slice(10)}`),
      'the other alphabet': inSignature(signature.replaceAll('-', '+').replaceAll('_', '/')),
      'a comma behind it': inSignature(`${signature},`),
    }
  })

  attack('JV-33: a signature that is degenerate or of another form is refused', (key) => {
    const [header, payload] = segments(mint(key))
    const signed = `${header}.${payload}`
    const good = signatureOf(key, signed)
    const n = Buffer.from('ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551', 'hex')
    const forms: Record<string, Buffer> = {
      DER: sign('sha256', Buffer.from(signed), { key: key.privateKey, dsaEncoding: 'der' }),
      zero: Buffer.alloc(64),
      'r = n': Buffer.concat([n, good.subarray(32)]),
      's = n': Buffer.concat([good.subarray(0, 32), n]),
      truncated: good.subarray(0, 63),
      oversized: Buffer.concat([good, Buffer.of(0)]),
    }
    return Object.fromEntries(
      Object.entries(forms).map(([name, bytes]) => [name, `${signed}.${bytes.toString('base64url')}`]),
    )
  })

  attack('JV-34: one key has one algorithm', (key) => {
    const signed = (alg: string, hash: string | null, privateKey: KeyObject, options = {}) => {
      const input = `${encode(headerFor(key, { alg }))}.${encode(claims())}`
      const signature = sign(hash, Buffer.from(input), {
        key: privateKey,
        dsaEncoding: 'ieee-p1363',
        ...options,
      })
      return `${input}.${signature.toString('base64url')}`
    }
    const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey
    return {
      ES384: signed('ES384', 'sha384', p384),
      RS256: signed('RS256', 'sha256', createKey('RS256').privateKey),
      PS256: signed('PS256', 'sha256', createKey('RS256').privateKey, { padding: 6, saltLength: 32 }),
      EdDSA: signed('EdDSA', null, createKey('EdDSA').privateKey),
      'RS256 over a signature of the issuer': signed('RS256', 'sha256', key.privateKey),
    }
  })

  test('JV-36: a token that was accepted a moment ago is refused once it has run out', async () => {
    const world = await startWorld(start)
    const token = mint(world.key)
    expect((await world.call('/orders', token)).status).toBe(200)

    world.clock.now += 906
    const answer = await world.call('/orders', token)
    expect([answer.status, refusalOf(answer, 'expired')]).toEqual([401, 'TOKEN_EXPIRED'])
    expect(world.ran).toEqual(['user-1'])
  })

  test('JV-37: a good token is accepted ten times in a row, by one of several audiences', async () => {
    const world = await startWorld(start, { audience: ['https://other.example', AUDIENCE] })
    const token = mint(world.key)
    for (let i = 0; i < 10; i++) expect((await world.call('/orders', token)).status).toBe(200)
  })

  function attack(
    name: string,
    refused: (key: SigningKey) => Tokens,
    accepted: (key: SigningKey) => Tokens = (key) => ({ 'as it was issued': mint(key) }),
  ): void {
    test(name, async () => {
      const world = await startWorld(start)
      await expectRefused(world, refused(world.key))
      for (const [spelling, token] of Object.entries(accepted(world.key))) {
        expect((await world.call('/orders', token)).status, spelling).toBe(200)
      }
    })
  }
})

/** Each is refused with the challenge of RFC 6750, holds nothing of the token, and the handler does not run. */
async function expectRefused(world: World, tokens: Tokens): Promise<void> {
  for (const [name, token] of Object.entries(tokens)) {
    const answer = await world.call('/orders', token)
    expect(answer.status, name).toBe(401)
    expect(refusalOf(answer, name), name).toMatch(/^TOKEN_(INVALID|EXPIRED)$/)
    expect(answer.headers.get('www-authenticate'), name).toMatch(
      /^Bearer realm="latchkey", error="invalid_token"/,
    )
    const parts = token.split('.').filter((part) => part.length > 8)
    for (const part of parts) expect(answer.text, name).not.toContain(part)
  }
  expect(world.ran).toEqual([])
  expect(world.faults).toEqual([])
}

function named<Item>(items: readonly Item[], token: (item: Item) => string): Tokens {
  return Object.fromEntries(items.map((item) => [JSON.stringify(item), token(item)]))
}

function unsigned(header: Record<string, unknown>): string {
  return `${encode(header)}.${encode(claims())}.`
}

/** A token whose signature holds both characters that the two alphabets write differently. */
function tokenWithDash(key: SigningKey): string {
  for (;;) {
    const token = mint(key)
    const [, , signature] = segments(token)
    if (signature.includes('-') && signature.includes('_')) return token
  }
}
