import { expect, test } from 'vitest'
import { PASSWORD, startAuth } from '../support/auth.ts'
import { takeAway } from '../support/stores/look.ts'
import { everyKindOfAnswer } from './exchanges.ts'

const EMAIL = 'ada@example.com'
test('CC-17: every answer carries the headers that keep browsers from making it into something else', async () => {
  const answers = await everyKindOfAnswer(await startAuth())
  expect(new Set(answers.map(({ status }) => status))).toEqual(
    new Set([200, 201, 204, 400, 401, 403, 404, 405, 409, 413, 415, 422]),
  )
  for (const { name, headers } of answers) {
    const age = /max-age=(\d+)/.exec(headers.get('strict-transport-security') ?? '')?.[1]
    expect(Number(age), name).toBeGreaterThanOrEqual(31_536_000)
    expect(headers.get('x-content-type-options'), name).toBe('nosniff')
    expect(headers.get('referrer-policy'), name).toBe('no-referrer')
    expect(headers.get('x-frame-options'), name).toBe('DENY')
    const policy = headers.get('content-security-policy')
    expect(policy, name).toContain("default-src 'none'")
    expect(policy, name).toContain("frame-ancestors 'none'")
    expect(policy, name).not.toMatch(/unsafe|\*|https?:/)
    expect(headers.get('cross-origin-opener-policy'), name).toBe('same-origin')
    expect(headers.has('cross-origin-resource-policy'), name).toBe(true)
    for (const telling of ['server', 'x-powered-by', 'via', 'x-runtime', 'x-version']) {
      expect(headers.has(telling), `${name}: ${telling}`).toBe(false)
    }
  }
})

test('CC-17: a page brings all its script and style in files of its own, so that the policy needs no exception', async () => {
  const { auth, url } = await startAuth()
  const served = await Promise.all(
    ['/', '/docs', '/decoder'].map((path) => auth.fetch(new Request(url + path))),
  )
  const pages = served.filter(({ headers }) => headers.get('content-type')?.startsWith('text/html'))
  for (const page of pages) {
    const html = await page.text()
    expect(html).not.toMatch(/<script(?![^>]*\ssrc=)/i)
    expect(html).not.toMatch(/<style|\sstyle=|\son\w+\s*=|javascript:/i)
    for (const [, source = ''] of html.matchAll(/\s(?:src|href)="([^"]*)"/g)) {
      expect(source, 'from nowhere else').not.toMatch(/^(https?:)?\/\//)
    }
  }
})

test('CC-17: the decoder may connect to where keys are, and is held to everything else as the other pages are', async () => {
  const { auth, url } = await startAuth()
  const [docs = '', decoder = ''] = await Promise.all(
    ['/docs', '/decoder'].map(async (path) => {
      const { headers } = await auth.fetch(new Request(url + path))
      return headers.get('content-security-policy') ?? ''
    }),
  )
  const connect = "connect-src 'self' https: http://localhost:* http://127.0.0.1:*"
  expect(decoder.split('; ')).toContain(connect)
  expect(decoder.replace(connect, "connect-src 'self'")).toBe(docs)
})

test('every answer has a request id of its own, and none that the caller chose', async () => {
  const world = await startAuth()
  const ids = (await everyKindOfAnswer(world)).map(({ headers }) => headers.get('x-request-id'))
  for (const id of ids) expect(id).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/)
  expect(new Set(ids).size).toBe(ids.length)

  const { headers } = await world.send('GET', '/auth/me', { headers: { 'x-request-id': 'mine\tor not' } })
  expect(headers.get('x-request-id')).not.toContain('mine')
})

test('RR-24: nothing under /auth or /oauth may be kept by a cache, and no answer leads elsewhere', async () => {
  for (const { name, path, headers } of await everyKindOfAnswer(await startAuth())) {
    if (/^\/o?auth/.test(path)) expect(headers.get('cache-control'), name).toBe('no-store')
    for (const header of ['etag', 'location', 'last-modified', 'refresh', 'link']) {
      expect(headers.has(header), `${name}: ${header}`).toBe(false)
    }
  }
})

test('HP-16: an error is problem+json with a code, and tells nothing of what is inside', async () => {
  const answers = await everyKindOfAnswer(await startAuth())
  const errors = answers.filter(
    // There, RFC 6749 has a shape of its own: test/oauth.
    ({ status, text, path }) => status >= 400 && text !== '' && !path.startsWith('/oauth/'),
  )
  expect(errors.length).toBeGreaterThan(50)
  for (const { name, status, headers, text } of errors) {
    expect(headers.get('content-type'), name).toBe('application/problem+json')
    const body = JSON.parse(text) as Record<string, unknown>
    expect(Object.keys(body), name).toEqual(
      expect.arrayContaining(['type', 'title', 'status', 'detail', 'error']),
    )
    expect(body.status, name).toBe(status)
    expect(body.type, name).toBe(`urn:latchkey:error:${body.error}`)
    expect(text, name).not.toMatch(
      / at .*:\d+:\d+|node:|\.ts\b|\.js\b|select |insert |sqlite|hono|zod|stack|error: /i,
    )
  }
})

test('HP-16: what goes wrong inside is answered 500 without a word about it; the operator hears it', async () => {
  const world = await startAuth({
    claims: () => {
      throw new Error('select * from secrets at /srv/app/secret.ts:1:1')
    },
  })
  const { status, headers, body } = await world.send('POST', '/auth/register', {
    body: { email: EMAIL, password: PASSWORD },
  })
  expect([status, headers.get('content-type')]).toEqual([500, 'application/problem+json'])
  expect(body).toEqual({
    type: 'urn:latchkey:error:INTERNAL',
    title: 'Internal error',
    status: 500,
    detail: 'something went wrong',
    error: 'INTERNAL',
  })
  expect(headers.has('set-cookie')).toBe(false)
  expect(headers.get('x-content-type-options')).toBe('nosniff')
  expect(world.errors).toEqual([
    {
      error: expect.objectContaining({ message: expect.stringContaining('select * from secrets') }),
      request: {
        requestId: headers.get('x-request-id'),
        method: 'POST',
        path: '/auth/register',
        code: 'INTERNAL',
      },
    },
  ])
})

test('LK-06: a store that fails is answered 503 with when to try again, and not a word of SQL', async () => {
  const world = await startAuth()
  const { accessToken, refreshToken } = await world.signUp('browser', EMAIL)
  await takeAway(world.store, 'sessions')
  const answers = [
    await world.send('GET', '/auth/me', { bearer: accessToken }),
    await world.send('POST', '/auth/refresh', { cookie: refreshToken }),
    await world.send('POST', '/auth/login', { body: { email: EMAIL, password: PASSWORD } }),
    await world.send('POST', '/auth/logout', { cookie: refreshToken }),
    await world.send('GET', '/auth/sessions', { bearer: accessToken }),
  ]
  for (const { status, body, headers, cookie } of answers) {
    expect([status, body.error, cookie]).toEqual([503, 'STORE_UNAVAILABLE', undefined])
    expect(Number(headers.get('retry-after'))).toBeGreaterThan(0)
    expect(JSON.stringify(body)).not.toMatch(/sql|table|sessions\b.*from|drop|prepare/i)
  }
  expect(world.errors.map(({ request }) => request.code)).toEqual(Array(5).fill('STORE_UNAVAILABLE'))
})
