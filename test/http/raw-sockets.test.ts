import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { PASSWORD } from '../support/auth.ts'
import { startService } from '../support/service.ts'
import { answerOf, closeOf, open, type RawAnswer, sendRaw, sendRawUntilClosed } from './raw.ts'

const BODY = JSON.stringify({ email: 'ada@example.com', password: PASSWORD })
const LENGTH = `Content-Length: ${BODY.length}`
const UUID = /^[0-9a-f-]{36}$/

/** CC-17, HP-16: what Node's parser refuses is answered in our words too, and under our rules. */
function expectProblem(answer: RawAnswer, status: number, name: string): void {
  const { headers, body } = answer
  expect([answer.status, headers.get('content-type')], name).toEqual([status, 'application/problem+json'])
  expect(JSON.parse(body), name).toMatchObject({ status, error: expect.stringMatching(/^[A-Z_]+$/) })
  expect(headers.get('x-request-id'), name).toMatch(UUID)
  expect(headers.get('cache-control'), name).toBe('no-store')
  expect(headers.get('x-content-type-options'), name).toBe('nosniff')
  expect(headers.get('strict-transport-security'), name).toMatch(/max-age=\d{8}/)
  expect(headers.get('content-security-policy'), name).toContain("frame-ancestors 'none'")
  expect(headers.get('referrer-policy'), name).toBe('no-referrer')
  expect([...headers.keys()], name).not.toContain('server')
  expect(body, name).not.toMatch(/node|hono|llhttp|HPE_|\.ts|\.js/i)
}

function post(...lines: string[]): string {
  return ['POST /auth/login HTTP/1.1', 'Host: localhost', 'Content-Type: application/json', ...lines].join(
    '\r\n',
  )
}

function get(target: string, ...lines: string[]): string {
  return `${[`GET ${target} HTTP/1.1`, 'Host: localhost', ...lines].join('\r\n')}\r\n\r\n`
}

test('HP-05: a body whose length two readers could read differently is refused, and the connection closed', async () => {
  const { url } = await startService()
  const ambiguous = {
    'Content-Length and Transfer-Encoding': [LENGTH, 'Transfer-Encoding: chunked'],
    'Transfer-Encoding and Content-Length': ['Transfer-Encoding: chunked', LENGTH],
    'two lengths': [LENGTH, 'Content-Length: 5'],
    'the same length twice': [LENGTH, LENGTH],
    'a list of lengths': [`${LENGTH}, ${BODY.length}`],
    'a length with a plus sign': [`Content-Length: +${BODY.length}`],
    'a negative length': ['Content-Length: -1'],
    'a length in hex': ['Content-Length: 0x10'],
    'a length with a fraction': ['Content-Length: 1.0'],
    'a length of nothing': ['Content-Length: '],
    'a length past any number': [`Content-Length: ${'9'.repeat(40)}`],
    'an unknown encoding': ['Transfer-Encoding: xchunked'],
    'chunked and then another': ['Transfer-Encoding: chunked, identity'],
    'an encoding twice': ['Transfer-Encoding: chunked', 'Transfer-Encoding: identity'],
    'an encoding with a vertical tab': ['Transfer-Encoding: \x0bchunked'],
    'a folded header': ['X-Folded: a', ' b', LENGTH],
    'a header folded with a tab': ['X-Folded: a', '\tb', LENGTH],
    'a space before the colon': ['Content-Length : 5'],
    'a header without a name': [': value', LENGTH],
    'a line that is no header': ['no header', LENGTH],
    'a NUL in a header': ['X-Nul: a\0b', LENGTH],
  }
  for (const [name, lines] of Object.entries(ambiguous)) {
    const answer = await sendRawUntilClosed(url, `${post(...lines)}\r\n\r\n${BODY}`)
    expectProblem(answer, 400, name)
  }
  expect((await fetch(`${url}/healthz`)).status).toBe(200)
})

test('HP-06: malformed chunks and lines that end without a carriage return are refused', async () => {
  const { url } = await startService()
  const chunked = (body: string) => `${post('Transfer-Encoding: chunked')}\r\n\r\n${body}`
  const malformed = {
    'an extension of a megabyte': chunked(`5;a=${'x'.repeat(1 << 20)}\r\nhello\r\n0\r\n\r\n`),
    'a negative size': chunked('-5\r\nhello\r\n0\r\n\r\n'),
    'a size with a prefix': chunked('0x5\r\nhello\r\n0\r\n\r\n'),
    'a size past any number': chunked(`${'F'.repeat(20)}\r\nhello\r\n0\r\n\r\n`),
    'a size that is none': chunked('five\r\nhello\r\n0\r\n\r\n'),
    'a chunk longer than its size': chunked('2\r\nhello\r\n0\r\n\r\n'),
    'chunk lines that end in a line feed': chunked('5\nhello\n0\n\n'),
    'every line that ends in a line feed': 'GET /healthz HTTP/1.1\nHost: localhost\n\n',
    'a header that ends in a line feed': 'GET /healthz HTTP/1.1\r\nHost: localhost\nX: y\r\n\r\n',
    'a carriage return inside a header': 'GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: a\rb\r\n\r\n',
    'no HTTP at all': '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03',
    'the preface of HTTP/2': 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
    'a method in lower case': 'get /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n',
    'a version that there is not': 'GET /healthz HTTP/9.9\r\nHost: localhost\r\n\r\n',
  }
  for (const [name, bytes] of Object.entries(malformed)) {
    expectProblem(await sendRawUntilClosed(url, bytes), 400, name)
  }
  expect((await fetch(`${url}/healthz`)).status).toBe(200)
})

test('HP-06: an encoding that we do not undo is never taken for the body itself', async () => {
  const { url } = await startService()
  const answer = await sendRaw(url, `${post('Transfer-Encoding: gzip, chunked')}\r\n\r\n0\r\n\r\n`)
  expectProblem(answer, 400, 'gzip, chunked')
})

test('HP-08: a method that nobody knows, CONNECT, TRACE and OPTIONS * are answered 405 with what there is', async () => {
  const { url } = await startService()
  const refused = {
    'a made-up method': 'FOO /auth/login HTTP/1.1\r\nHost: localhost\r\n\r\n',
    'a made-up method with a body': `BREW /auth/login HTTP/1.1\r\nHost: localhost\r\n${LENGTH}\r\n\r\n${BODY}`,
    CONNECT: 'CONNECT localhost:80 HTTP/1.1\r\nHost: localhost\r\n\r\n',
    'OPTIONS *': 'OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n',
    TRACE: 'TRACE /auth/login HTTP/1.1\r\nHost: localhost\r\nCookie: a=secret\r\n\r\n',
    'TRACE of a page': 'TRACE /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n',
    PROPFIND: 'PROPFIND /auth/login HTTP/1.1\r\nHost: localhost\r\n\r\n',
    QUERY: 'QUERY /auth/login HTTP/1.1\r\nHost: localhost\r\n\r\n',
  }
  for (const [name, bytes] of Object.entries(refused)) {
    const answer = await sendRaw(url, bytes)
    expectProblem(answer, 405, name)
    expect(answer.headers.get('allow'), name).toMatch(/\b(GET|POST)\b.*\bOPTIONS\b/)
    expect(JSON.parse(answer.body).error, name).toBe('METHOD_NOT_ALLOWED')
    expect(answer.body, name).not.toContain('secret')
  }
})

test('HP-10: whatever host a request names, the issuer and every address are the configured ones', async () => {
  const { url } = await startService({ LATCHKEY_URL: 'https://auth.example.com' })
  const foreign = {
    'another Host': 'GET {} HTTP/1.1\r\nHost: evil.example\r\n\r\n',
    'another forwarded host':
      'GET {} HTTP/1.1\r\nHost: auth.example.com\r\nX-Forwarded-Host: evil.example\r\nX-Forwarded-Proto: http\r\nForwarded: host=evil.example\r\nX-Original-URL: /evil\r\n\r\n',
    'an absolute address of another host':
      'GET http://evil.example{} HTTP/1.1\r\nHost: auth.example.com\r\n\r\n',
    'an old client with another Host': 'GET {} HTTP/1.0\r\nHost: evil.example\r\n\r\n',
  }
  const documents = [
    '/.well-known/oauth-authorization-server',
    '/.well-known/openid-configuration',
    '/openapi.json',
  ]
  for (const [name, bytes] of Object.entries(foreign)) {
    for (const document of documents) {
      const { status, body, headers } = await sendRaw(url, bytes.replace('{}', document))
      expect([status, headers.get('location')], `${name}: ${document}`).toEqual([200, undefined])
      expect(body, `${name}: ${document}`).toContain('https://auth.example.com')
      expect(body, `${name}: ${document}`).not.toContain('evil')
    }
  }
})

test('HP-10: a request that names no host, two hosts or none that can be is refused', async () => {
  const { url } = await startService()
  const malformed = {
    'no host': 'GET /healthz HTTP/1.1\r\n\r\n',
    'no host in HTTP/1.0': 'GET /healthz HTTP/1.0\r\n\r\n',
    'no host beside an absolute address': 'GET http://localhost/healthz HTTP/1.1\r\n\r\n',
    'two hosts': 'GET /healthz HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n',
    'the same host twice': 'GET /healthz HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n',
    'a host with a path': 'GET /healthz HTTP/1.1\r\nHost: a b/c\r\n\r\n',
    'a host with a user': 'GET /healthz HTTP/1.1\r\nHost: localhost@evil.example\r\n\r\n',
    'an absolute address without a host': get('http://'),
    'an address of another scheme': get('ftp://localhost/healthz'),
    'an authority alone': get('evil.example:80'),
    'a backslash': get('/\\evil.example'),
  }
  for (const [name, bytes] of Object.entries(malformed)) {
    expectProblem(await sendRawUntilClosed(url, bytes), 400, name)
  }
})

test('HP-14: too many headers, or too long ones, are refused and cost nothing', async () => {
  const { url } = await startService()
  const many = (count: number) => Array.from({ length: count }, (_, i) => `X-${i}: 1`)
  const tooMuch = {
    '300 headers': get('/healthz', ...many(300)),
    '101 headers': get('/healthz', ...many(100)),
    '10,000 headers': get('/healthz', ...many(10_000)),
    'a header of 64 KB': get('/healthz', `X: ${'a'.repeat(65_536)}`),
    'a header name of 64 KB': get('/healthz', `${'a'.repeat(65_536)}: x`),
    'JV-39: 100 KB of Authorization': get('/auth/me', `Authorization: Bearer ${'a'.repeat(102_400)}`),
    'a URL of 16 KB': get(`/${'a'.repeat(16_384)}`),
    'a cookie of 20 KB': get('/auth/me', `Cookie: __Host-latchkey=${'a'.repeat(20_480)}`),
  }
  for (const [name, bytes] of Object.entries(tooMuch)) {
    expectProblem(await sendRawUntilClosed(url, bytes), 431, name)
  }
  expectProblem(await sendRaw(url, get(`/${'a'.repeat(15_000)}`)), 404, 'a URL of 15 KB')
  expect((await sendRaw(url, get('/healthz', ...many(99)))).status, '100 headers').toBe(200)
})

test('JV-39: a header that may come once and comes twice is refused before anything reads it', async () => {
  const { url } = await startService()
  const single = [
    'Authorization: Bearer a',
    'Origin: http://localhost',
    'Content-Type: application/json',
    'Idempotency-Key: 0123456789abcdef',
  ]
  for (const line of single) {
    expectProblem(await sendRawUntilClosed(url, get('/auth/me', line, line)), 400, line)
  }
})

test('an expectation that cannot be met is refused, and one that can is met', async () => {
  const { url } = await startService()
  const refused = await sendRaw(url, `${post('Expect: a miracle', LENGTH)}\r\n\r\n${BODY}`)
  expectProblem(refused, 417, 'a miracle')
  const { status } = await sendRaw(url, `${post('Expect: 100-continue', LENGTH)}\r\n\r\n${BODY}`)
  expect(status).toBe(401)
})

test('HP-01: a body over the limit is refused at once, whether it says its length or never ends', async () => {
  const { url, process } = await startService()
  const before = residentMegabytes(process.pid)

  const declared = await sendRaw(url, `${post('Content-Length: 16385')}\r\n\r\n${' '.repeat(16_385)}`)
  expectProblem(declared, 413, 'one byte over the limit')

  const start = performance.now()
  const huge = await sendRaw(url, `${post('Content-Length: 104857600')}\r\n\r\n`)
  expectProblem(huge, 413, '100 MB')
  expect(performance.now() - start).toBeLessThan(500)

  const endless = await open(url)
  const closed = closeOf(endless)
  endless.write(`${post('Transfer-Encoding: chunked')}\r\n\r\n`)
  const chunk = `10000\r\n${'x'.repeat(65_536)}\r\n`
  const pour = (): void => {
    while (!endless.destroyed && endless.write(chunk)) {}
  }
  endless.on('drain', pour)
  pour()
  expectProblem(await answerOf(endless), 413, 'without end')
  await closed

  expect(residentMegabytes(process.pid) - before, 'memory that it took').toBeLessThan(60)
  expect((await fetch(`${url}/healthz`)).status).toBe(200)
})

test('HP-01: a body that nobody asked for is not read, and its connection does not last', async () => {
  const { url } = await startService()
  for (const line of ['DELETE /auth/sessions', 'POST /nowhere', 'POST /dev/replay']) {
    const endless = await open(url)
    const closed = closeOf(endless)
    endless.write(`${line} HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n`)
    const { status } = await answerOf(endless)
    expect([401, 404], line).toContain(status)
    await closed
  }
})

/** Resident memory of a process, from what Linux says of it. */
function residentMegabytes(pid: number | undefined): number {
  const pages = Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1])
  return (pages * 4096) / 2 ** 20
}

test('LK-10: dots in a path lead out of nothing', async () => {
  const { url } = await startService()
  const targets = [
    '/../../../etc/passwd',
    '/./.env',
    '/assets/../../latchkey-data/secret',
    '//etc/passwd',
    '/../..//',
  ]
  for (const target of targets) expectProblem(await sendRaw(url, get(target)), 404, target)
})

test('a path that dots lead to, or that a fragment follows, is no second spelling of one that a gateway refuses', async () => {
  const { url } = await startService()
  for (const target of [
    '/x/../metrics',
    '/./metrics',
    '/x/%2E%2e/metrics',
    '/x/.%2e/metrics?a=/',
    `${url}/x/../metrics`,
  ])
    expectProblem(await sendRaw(url, get(target)), 404, target)
  for (const target of ['/metrics#', '/metrics#/x', '/metrics\\x'])
    expectProblem(await sendRaw(url, get(target)), 400, target)
  for (const target of ['/metrics?a=/../b', '/.well-known/jwks.json', `${url}/metrics`])
    expect((await sendRaw(url, get(target))).status, target).toBe(200)
})
