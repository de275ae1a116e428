import { readdirSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { decodeReport } from '../../packages/server/src/cli/decode-report.ts'
import { inspectToken } from '../../packages/verifier/src/inspect/index.ts'
import {
  createKey,
  encode,
  headerFor,
  keySet,
  mint,
  NOW,
  segments,
  signToken,
} from '../../packages/verifier/src/testing/issuer.ts'
import { PASSWORD, sendTo, temporaryFolder } from '../support/auth.ts'
import { type Invocation, LATCHKEY, latchkey, serve } from './run.ts'

const key = createKey()
const token = mint(key)
const NOT_VERIFIED = 'NOT VERIFIED: anyone can write such a token.'

/** `latchkey decode` with the token on its standard input. */
const decode = (input: string, args: readonly string[] = [], invocation: Invocation = {}) =>
  latchkey(['decode', ...args], { ...invocation, input })

function fileOf(content: string | object): string {
  const path = join(temporaryFolder(), 'key')
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content))
  return path
}

/** Serves `body` on a free port and notes what it is asked. */
async function keyServer(body: string, status = 200) {
  const asked: string[] = []
  const server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url} ${JSON.stringify(request.headers)}`)
    response.writeHead(status, { 'content-type': 'application/json' }).end(body)
  }).listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  onTestFinished(() => void server.close())
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/keys`, asked }
}

test('a token is shown with its times in words, and said not to be verified; nothing is made or set up for it', async () => {
  const workingFolder = temporaryFolder()
  const settings = { LATCHKEY_DATABASE_URL: 'nonsense', LATCHKEY_SECRET: 'x' }
  const { code, stdout, stderr } = await decode(`${token}\n`, [], { workingFolder, environment: settings })

  expect([code, stderr]).toEqual([0, ''])
  expect(stdout).toMatch(new RegExp(`^${NOT_VERIFIED}`))
  expect(stdout).toMatch(/^ {2}alg +"ES256" +how it is signed$/m)
  expect(stdout).toMatch(/^ {2}exp +1767226500 +2026-01-01T00:15:00Z, expired \d+ \w+ ago$/m)
  expect(stdout).toMatch(/^\[-{40}\] expired/m)
  expect(stdout, 'no colour where nobody sees it').not.toContain('\u001b')
  expect(readdirSync(workingFolder)).toEqual([])
})

test('the token may come by argument, by - or by a pipe', async () => {
  const [argument, dash, pipe] = await Promise.all([
    latchkey(['decode', token]),
    decode(token, ['-']),
    decode(token),
  ])
  expect(argument.code).toBe(0)
  expect(argument.stdout).toContain('"user-1"')
  expect([dash.stdout, pipe.stdout]).toEqual([argument.stdout, argument.stdout])
})

test('the signature is checked with a key set or one key from a file, and with one over HTTP', async () => {
  const served = await keyServer(JSON.stringify(keySet(key)))
  const pem = String(key.publicKey.export({ type: 'spki', format: 'pem' }))
  const ways = [
    ['--jwks', fileOf(keySet(key))],
    ['--jwks', served.url],
    ['--key', fileOf(key.jwk)],
    ['--key', fileOf(pem)],
  ]
  const [header, , signature] = segments(token)
  const tampered = `${header}.${encode({ sub: 'admin' })}.${signature}`
  for (const way of ways) {
    const [good, bad] = await Promise.all([decode(token, way), decode(tampered, way)])
    expect([good.code, good.stderr], way[0]).toEqual([0, ''])
    expect(good.stdout).toMatch(
      /^The signature holds: .* Issuer, audience, times and revocation were not checked\.$/m,
    )
    expect(good.stdout).not.toContain('NOT VERIFIED')
    expect(bad.code, way[0]).toBe(1)
    expect(bad.stdout).toMatch(new RegExp(`^${NOT_VERIFIED}\nThe signature does not hold`))
  }
  expect(served.asked).toHaveLength(2)
  for (const part of segments(token)) expect(served.asked.join()).not.toContain(part)
})

test('the token of a running service holds by its key set, and a foreign one does not', async () => {
  const { url } = await serve([], {
    environment: { LATCHKEY_DATABASE_URL: `sqlite:${join(temporaryFolder(), 'latchkey.db')}` },
  })
  const body = { email: 'ada@example.com', password: PASSWORD, client: 'native' }
  const { accessToken } = (await sendTo(fetch, url, 'POST', '/auth/register', { body })).body
  const jwks = ['--jwks', `${url}/.well-known/jwks.json`]
  const [own, foreign] = await Promise.all([decode(accessToken, jwks), decode(token, jwks)])

  expect(own.code).toBe(0)
  expect(own.stdout).toMatch(/^\[#+-*\] \d+ minutes left of 15 minutes$/m)
  expect(foreign.code).toBe(1)
  expect(foreign.stdout).toContain('None of these keys is the one that the token names')
})

test('keys that cannot be had are said, and the token is shown all the same', async () => {
  const served = await Promise.all([
    keyServer('', 500),
    keyServer('<html>\u001b[31m'),
    keyServer('{"keys":1}'),
  ])
  const ways = [
    ...served.map(({ url }) => ['--jwks', url]),
    ['--jwks', 'http://127.0.0.1:1/keys'],
    ['--jwks', join(temporaryFolder(), 'missing')],
  ]
  for (const { code, stdout } of await Promise.all(ways.map((way) => decode(token, way)))) {
    expect(code).toBe(1)
    expect(stdout).toMatch(new RegExp(`^${NOT_VERIFIED}\nThe keys cannot be had: `))
    expect(stdout).toContain('"user-1"')
    expect(stdout).not.toContain('\u001b')
  }
})

test('what is no token ends with 2 and a word on what it is; a refresh token is not repeated', async () => {
  const secret = `lk1_${'Ab3-_x9Z'.repeat(9)}`
  const [refresh, nothing, words, cut, megabyte] = await Promise.all([
    decode(secret),
    decode(''),
    decode('hello world'),
    decode(token.slice(0, token.lastIndexOf('.'))),
    decode('x'.repeat(1_000_000)),
  ])
  expect([refresh, nothing, words, cut, megabyte].map(({ code }) => code)).toEqual([2, 2, 2, 2, 2])
  expect(refresh.stderr).toContain('REFRESH_TOKEN: This is a Latchkey refresh token: keep it secret.')
  expect(refresh.stdout + refresh.stderr).not.toContain('Ab3')
  expect(nothing.stderr).toContain('EMPTY')
  expect(words.stderr).toContain('NOT_A_TOKEN')
  expect(cut.stdout).toContain('PARTS')
  expect(megabyte.stderr).toContain('TOO_LONG')
})

test('nothing that a token says reaches the terminal as a command', async () => {
  const evil = '\u001b]0;owned\u0007\u009b2J\u202egnp\r\n\u2028\u{e0041}\u200b'
  const claims = { sub: evil, [evil]: evil, exp: NOW, nested: [{ [evil]: [evil] }] }
  const tokens = [
    signToken(key, headerFor(key, { kid: evil, [evil]: evil }), claims),
    signToken(key, headerFor(key), `no JSON: ${evil}`),
  ]
  for (const evilToken of tokens) {
    for (const args of [[], ['--json'], ['--key', fileOf(key.jwk)]]) {
      const { stdout, stderr } = await decode(evilToken, args)
      expect(stdout).toContain('\\u001b')
      expect(stdout + stderr).not.toMatch(/(?!\n)[\p{C}\p{Zl}\p{Zp}]/u)
    }
  }
})

test('who has seen enough may stop reading', async () => {
  // The other end of its output is closed before it begins.
  const program = ['bash', '-c', 'exec 3> >(exec <&-); wait $!; exec "$0" "$@" >&3', LATCHKEY]
  for (const args of [[], ['--json']]) {
    expect(await decode(token, args, { program })).toEqual({ code: 0, stdout: '', stderr: '' })
  }
})

test('--json says the same to programs', async () => {
  const { code, stdout } = await decode(`Bearer ${token}`, ['--json', '--key', fileOf(key.jwk)])
  expect(code).toBe(0)
  expect(JSON.parse(stdout)).toMatchObject({
    kind: 'signed',
    header: { members: headerFor(key) },
    payload: { members: { sub: 'user-1' }, text: expect.stringContaining('"sub":"user-1"') },
    findings: [{ code: 'BEARER_PREFIX' }],
    times: { state: 'expired', lifetimeSeconds: 900 },
    signature: { result: 'holds' },
  })
  const none = await decode('hello', ['--json'])
  expect(none.code).toBe(2)
  expect(JSON.parse(none.stdout)).toMatchObject({ kind: 'no token', signature: { result: 'not asked' } })
})

test('there are colours on a terminal alone, and not where NO_COLOR asks for none', async (context) => {
  const onTerminal = (environment: Record<string, string>) =>
    latchkey(['-qec', `latchkey decode ${token}`, '/dev/null'], { program: ['script'], environment })
  const coloured = await onTerminal({}).catch(() => undefined)
  context.skip(coloured === undefined, 'there is no script(1)')
  expect(coloured?.stdout).toContain('\u001b[')
  expect((await onTerminal({ NO_COLOR: '1' })).stdout).not.toContain('\u001b[')
})

test('the bar runs down with the life of a token', () => {
  const at = (now: number) => {
    const report = decodeReport(
      inspectToken(token),
      { result: 'not asked', text: '' },
      { now, colours: false },
    )
    return /^\[.*$/m.exec(report)?.[0]
  }
  expect(at(NOW)).toBe(`[${'#'.repeat(40)}] 15 minutes left of 15 minutes`)
  expect(at(NOW + 450)).toBe(`[${'#'.repeat(20)}${'-'.repeat(20)}] 7 minutes left of 15 minutes`)
  expect(at(NOW + 1000)).toBe(`[${'-'.repeat(40)}] expired 1 minute ago`)
})

test('--help says why a pipe is better, and what is not checked', async () => {
  const { stdout } = await latchkey(['decode', '--help'])
  expect(stdout).toContain('history of\nthe shell')
  expect(stdout).toContain('Decoding is not verifying')
})
