import { expect, test } from 'vitest'
import { startAuth } from '../support/auth.ts'
import { AUTH_ENDPOINTS, OAUTH_ENDPOINTS, PUBLIC_PATHS } from './endpoints.ts'

const METHODS = [
  'GET',
  'HEAD',
  'POST',
  'PUT',
  'PATCH',
  'DELETE',
  'PROPFIND',
  'MKCOL',
  'LOCK',
  'PURGE',
  'FOO',
  'get2',
]

/** By path, the methods that it answers. */
const ANSWERED = new Map<string, Set<string>>()
for (const { method, path } of [
  ...AUTH_ENDPOINTS,
  ...OAUTH_ENDPOINTS,
  ...PUBLIC_PATHS.map((path) => ({ method: 'GET' as const, path })),
]) {
  const methods = ANSWERED.get(path) ?? new Set(['OPTIONS'])
  ANSWERED.set(path, methods.add(method))
}

test('HP-08: a method that a path does not know is answered 405 with those that it does', async () => {
  const world = await startAuth()
  const { refreshToken, accessToken } = await world.signUp('browser')
  for (const [path, known] of ANSWERED) {
    for (const method of METHODS) {
      // HEAD is a GET without its body. RFC 9110 §9.3.2
      if (known.has(method) || (method === 'HEAD' && known.has('GET'))) continue
      const answer = await world.send(method, path, { cookie: refreshToken, bearer: accessToken })
      const name = `${method} ${path}`
      expect(answer.status, name).toBe(405)
      const code = path.startsWith('/oauth/') ? 'invalid_request' : 'METHOD_NOT_ALLOWED'
      if (method !== 'HEAD') expect(answer.body.error, name).toBe(code)
      expect(new Set(answer.headers.get('allow')?.split(', ')), name).toEqual(known)
      expect(answer.cookie, name).toBeUndefined()
    }
  }
  expect((await world.send('POST', '/auth/refresh', { cookie: refreshToken })).status).toBe(200)
})

test('HP-08: OPTIONS says which methods a path has', async () => {
  const world = await startAuth()
  for (const [path, known] of ANSWERED) {
    const { status, headers } = await world.send('OPTIONS', path)
    expect(status, path).toBe(204)
    expect(new Set(headers.get('allow')?.split(', ')), path).toEqual(known)
  }
  expect((await world.send('OPTIONS', '/nowhere')).status).toBe(404)
})

test('HP-08: no header and no field turns a method into another one', async () => {
  const world = await startAuth()
  const { accessToken } = await world.signUp('browser')
  const overrides: Record<string, string>[] = [
    { 'x-http-method-override': 'DELETE' },
    { 'x-http-method': 'DELETE' },
    { 'x-method-override': 'DELETE' },
  ]
  for (const headers of overrides) {
    const list = await world.send('GET', '/auth/sessions', { bearer: accessToken, headers })
    expect(list.body.sessions).toHaveLength(1)
    const post = await world.send('POST', '/auth/sessions', { bearer: accessToken, headers })
    expect(post.status).toBe(405)
  }
  const query = await world.send('GET', '/auth/sessions?_method=DELETE&all=true', { bearer: accessToken })
  expect(query.body.sessions).toHaveLength(1)
  expect((await world.send('GET', '/auth/me', { bearer: accessToken })).status).toBe(200)
})

test('HP-08: HEAD tells what GET would, without the body', async () => {
  const world = await startAuth()
  const { accessToken } = await world.signUp('browser')
  for (const path of [...PUBLIC_PATHS, '/auth/me', '/auth/sessions']) {
    const { status, body, headers } = await world.send('HEAD', path, { bearer: accessToken })
    expect([status, body], path).toEqual([200, null])
    expect(headers.get('x-content-type-options'), path).toBe('nosniff')
  }
})

test('a path is compared exactly: no other case, no slash at the end, no dots, no encoding leads to it', async () => {
  const world = await startAuth()
  const { accessToken, sessionId } = await world.signUp('browser')
  const near = [
    '/auth/me/',
    '/auth//me',
    '//auth/me',
    '/AUTH/ME',
    '/auth/Me',
    '/auth/me;x=1',
    '/auth/me%00',
    '/auth/me%2F',
    '/auth%2Fme',
    '/auth/me.json',
    '/auth/me%20',
    '/auth/%6De%5C',
    '/auth/%6De',
    '/%61uth/me',
    '/%6detrics',
    '/%6Fauth/token',
    '/auth/sessions/',
    `/auth/sessions/${sessionId}/x`,
    '/auth',
    '/auth/',
    '/oauth',
    '/.well-known',
    '/.well-known/',
    '/%',
    '/%E0%A4%A',
  ]
  for (const path of near) {
    const { status, body } = await world.send('GET', path, { bearer: accessToken })
    expect([status, body.error], path).toEqual([404, 'NOT_FOUND'])
  }
})
