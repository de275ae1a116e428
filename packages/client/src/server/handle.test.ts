import { createServer, type IncomingMessage, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { createServerAuth } from './index.ts'

interface Seen {
  method: string | undefined
  url: string | undefined
  headers: IncomingMessage['headers']
  body: string
}

/** A service that writes down what reaches it, and answers as it is told. */
async function startUpstream(answer: RequestListener = (_, response) => void response.end('{}')) {
  const seen: Seen[] = []
  const server = createServer((request, response) => {
    let body = ''
    request.on('data', (chunk) => {
      body += chunk
    })
    request.on('end', () => {
      const { method, url, headers } = request
      seen.push({ method, url, headers, body })
      answer(request, response)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return { seen, url, auth: createServerAuth({ serviceUrl: url }) }
}

test.each([
  'https://app.example.com/auth/me',
  'https://evil.example/auth/me',
  'https://user:secret@evil.example:8443/auth/me#fragment',
])('whatever host a request names, it goes to the service: %s', async (url) => {
  const upstream = await startUpstream()
  const request = { url, method: 'GET', headers: new Headers({ host: 'evil.example' }), body: null }
  await upstream.auth.handle(request as Request)
  expect(upstream.seen.map(({ url, headers }) => [url, headers.host])).toEqual([
    ['/auth/me', upstream.url.replace('http://', '')],
  ])
})

test.each([
  '/',
  '/metrics',
  '/auth',
  '/auth/',
  '/authors/me',
  '/auth/../metrics',
  '/auth/%2e%2e/metrics',
  '/auth/..%2fmetrics',
  '/auth/..\\metrics',
  '/auth//evil.example/me',
  '//evil.example/auth/me',
  '/auth/me;x=/../../metrics',
  '/auth/me%00',
  '/auth/me%20',
  '/auth/@evil.example',
  '/oauth/token',
  '/dev/mailbox',
  '/.well-known/acme-challenge/x',
  '/.well-known/../metrics',
])('a path that is not one of the service for browsers is not passed on: %s', async (path) => {
  const upstream = await startUpstream()
  const { status } = await upstream.auth.handle(new Request(`http://localhost${path}`))
  expect([status, upstream.seen]).toEqual([404, []])
})

test('sessions, keys and metadata are passed on, with their query', async () => {
  const upstream = await startUpstream()
  const paths = [
    '/auth/sessions/0197b0d2-0000-7000-8000-000000000000',
    '/auth/sessions?all=true',
    '/.well-known/jwks.json',
    '/.well-known/oauth-authorization-server',
    '/.well-known/openid-configuration',
  ]
  for (const path of paths) await upstream.auth.handle(new Request(`http://localhost${path}`))
  expect(upstream.seen.map(({ url }) => url)).toEqual(paths)
})

test('the service gets what it needs to judge a request, and nothing that is meant for this host alone', async () => {
  const upstream = await startUpstream()
  const request = new Request('http://localhost/auth/login', {
    method: 'POST',
    headers: {
      accept: 'application/json',
      authorization: 'Bearer abc',
      connection: 'close, x-secret',
      'content-type': 'application/json',
      cookie:
        'theme=dark; __Host-latchkey=lk1_a; __Host-latchkey-access=at; __Host-latchkey-attempt=0123456789abcdef',
      forwarded: 'for=192.0.2.1',
      origin: 'http://localhost',
      'proxy-authorization': 'Basic abc',
      'sec-fetch-site': 'same-origin',
      te: 'trailers',
      'user-agent': 'a browser',
      'x-forwarded-host': 'evil.example',
      'x-forwarded-for': '192.0.2.1',
      'x-real-ip': '192.0.2.1',
      'x-secret': 'secret',
    },
    body: '{"email":"ada@example.com"}',
  })
  await upstream.auth.handle(request)

  const [{ method, headers, body } = fail()] = upstream.seen
  expect([method, body]).toEqual(['POST', '{"email":"ada@example.com"}'])
  expect(headers).toMatchObject({
    accept: 'application/json',
    authorization: 'Bearer abc',
    'content-type': 'application/json',
    cookie: '__Host-latchkey=lk1_a',
    origin: 'http://localhost',
    'sec-fetch-site': 'same-origin',
    'user-agent': 'a browser',
  })
  const own = [
    'accept-encoding',
    'accept-language',
    'connection',
    'host',
    'sec-fetch-mode',
    'transfer-encoding',
    'via',
  ]
  const expected = [
    'accept',
    'authorization',
    'content-type',
    'cookie',
    'origin',
    'sec-fetch-site',
    'user-agent',
  ]
  expect(Object.keys(headers).filter((name) => ![...own, ...expected].includes(name))).toEqual([])
})

test.each([
  [undefined, undefined, undefined],
  ['192.0.2.1', undefined, undefined],
  [undefined, '198.51.100.7', '198.51.100.7'],
  ['192.0.2.1', '198.51.100.7', '192.0.2.1, 198.51.100.7'],
])(
  'of X-Forwarded-For %s with the peer %s, the service gets %s',
  async (claimed, clientAddress, expected) => {
    const upstream = await startUpstream()
    const cookie = '__Host-latchkey=lk1_a'
    const headers = { cookie, ...(claimed && { 'x-forwarded-for': claimed }) }
    await upstream.auth.handle(new Request('http://localhost/auth/me', { headers }), { clientAddress })
    await upstream.auth
      .open(new Request('http://localhost/', { headers }), { clientAddress })
      .getAccessToken()
      .catch(() => {})
    expect(upstream.seen.map(({ headers }) => headers['x-forwarded-for'])).toEqual([expected, expected])
  },
)

test("a document's refresh is the host's own: nothing in the document's request decides about it", async () => {
  const upstream = await startUpstream()
  const headers = {
    cookie: '__Host-latchkey=lk1_a; theme=dark',
    authorization: 'Basic abc',
    'idempotency-key': 'k'.repeat(16),
    'sec-fetch-site': 'cross-site',
  }
  await upstream.auth
    .open(new Request('http://localhost/', { headers }))
    .getAccessToken()
    .catch(() => {})
  const [{ method, url, headers: sent } = fail()] = upstream.seen
  expect([method, url, sent.cookie]).toEqual(['POST', '/auth/refresh', '__Host-latchkey=lk1_a'])
  expect([sent.authorization, sent['sec-fetch-site']]).toEqual([undefined, undefined])
  expect(sent['idempotency-key']).toMatch(/^[0-9a-f-]{36}$/)
})

test('an answer comes back as it is, but for what belongs to one connection', async () => {
  const { auth } = await startUpstream((_, response) => {
    response.writeHead(418, {
      connection: 'close, x-hop',
      'content-type': 'text/plain',
      'set-cookie': ['a=1; Path=/', 'b=2; Path=/'],
      'x-hop': 'secret',
      'x-request-id': 'r1',
    })
    response.end('short and stout')
  })
  const answer = await auth.handle(new Request('http://localhost/auth/me'))
  expect([answer.status, await answer.text()]).toEqual([418, 'short and stout'])
  expect(answer.headers.getSetCookie()).toEqual(['a=1; Path=/', 'b=2; Path=/'])
  expect([...answer.headers.keys()].filter((name) => !['date', 'set-cookie'].includes(name))).toEqual([
    'content-type',
    'x-request-id',
  ])
})

test('a redirect of the service goes to the browser; the host does not follow it', async () => {
  const upstream = await startUpstream(
    (_, response) => void response.writeHead(307, { location: '/metrics' }).end(),
  )
  const answer = await upstream.auth.handle(new Request('http://localhost/auth/me'))
  expect([answer.status, answer.headers.get('location'), upstream.seen.length]).toEqual([307, '/metrics', 1])
})

test('an answer is handed on while it is still being written', async () => {
  const { auth } = await startUpstream((_, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.write('data: first\n\n')
  })
  const { body } = await auth.handle(new Request('http://localhost/auth/revocations'))
  const reader = body!.getReader()
  const { value } = await reader.read()
  expect(new TextDecoder().decode(value)).toBe('data: first\n\n')
  await reader.cancel()
})

test('a POST without a body stays one without a body, whatever a framework makes of it', async () => {
  const upstream = await startUpstream()
  const empty = new ReadableStream({ start: (controller) => controller.close() })
  const init = { method: 'POST', body: empty, duplex: 'half', headers: { 'content-length': '0' } }
  await upstream.auth.handle(new Request('http://localhost/auth/logout', init as RequestInit))
  expect(upstream.seen[0]?.headers).not.toHaveProperty('transfer-encoding')
  expect(upstream.seen[0]?.body).toBe('')
})

test('a serviceUrl that leads back to this host ends at once', async () => {
  const reached: number[] = []
  const auth = createServerAuth({
    serviceUrl: 'http://localhost',
    fetch: async (request) => {
      const answer = await auth.handle(request)
      reached.push(answer.status)
      return answer
    },
  })
  expect((await auth.handle(new Request('http://localhost/auth/me'))).status).toBe(508)
  expect(reached).toEqual([508])
})

test('an answer of this host itself is never stored, and is none of the service', async () => {
  const auth = createServerAuth({ serviceUrl: 'http://127.0.0.1:1' })
  const answer = await auth.handle(new Request('http://localhost/auth/me'))
  expect([answer.status, answer.headers.get('cache-control')]).toEqual([502, 'no-store'])
  expect(await answer.json()).toEqual({ type: 'about:blank', title: 'Bad Gateway', status: 502 })
})

test.each([
  [{ serviceUrl: 'auth.example.com' }, /^serviceUrl /],
  [{ serviceUrl: 'http://a', origins: ['*'] }, /^origins /],
  [{ serviceUrl: 'http://a', cookieName: 'latchkey' }, /^cookieName /],
  [{ serviceUrl: 'http://a', refreshMarginSeconds: -1 }, /^refreshMarginSeconds /],
  [{} as { serviceUrl: string }, /^serviceUrl /],
])('a wrong option is named: %j', (options, message) => {
  expect(() => createServerAuth(options)).toThrow(
    expect.objectContaining({ name: 'TypeError', message: expect.stringMatching(message) }),
  )
})

function fail(): never {
  throw new Error('nothing reached the service')
}
