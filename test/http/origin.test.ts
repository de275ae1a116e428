import { randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { PASSWORD, startAuth, type TestAuth } from '../support/auth.ts'
import {
  AUTH_ENDPOINTS,
  credentials,
  type EndpointUnderTest,
  PUBLIC_PATHS,
  STATE_CHANGING,
} from './endpoints.ts'

const TRUSTED = 'https://app.example.com'
const SHELL = 'capacitor://localhost'

const HELPERS: EndpointUnderTest[] = [
  { method: 'POST', path: '/dev/replay' },
  { method: 'POST', path: '/dev/expired-token', bearer: 'required' },
]

/** None of them is one of ours, however much it looks like one. */
const FOREIGN = [
  'https://evil.example',
  'null',
  '',
  'http://localhost',
  'http://localhost:30000',
  'https://localhost:3000',
  'http://localhost:3000/',
  'HTTP://LOCALHOST:3000',
  'http://localhost:3000.evil.example',
  'http://evil.example:3000',
  'http://localhost:3000@evil.example',
  'http://localhost:3000, https://evil.example',
  'http://localhost:3000 https://evil.example',
  'http://app.example.com',
  'https://app.example.com:8443',
  'https://app.example.com.evil.example',
  'https://evilapp.example.com',
  'https://sub.app.example.com',
  'https://app.example.co',
  'capacitor://localhost.evil.example',
  'capacitor://localhos',
  '*',
]

async function startWorld(): Promise<TestAuth & { session: Awaited<ReturnType<TestAuth['signUp']>> }> {
  const world = await startAuth({
    trustedOrigins: [TRUSTED],
    nativeOrigins: [SHELL],
    cookie: { sameSite: 'none' },
    developmentHelpers: true,
  })
  return { ...world, session: await world.signUp('browser', 'ada@example.com') }
}

/** The session refreshes, the password opens it, and nobody came to be. */
async function expectNothingChanged(world: Awaited<ReturnType<typeof startWorld>>): Promise<void> {
  const refreshed = await world.send('POST', '/auth/refresh', { cookie: world.session.refreshToken })
  expect(refreshed.status, 'the session lives').toBe(200)
  const login = await world.send('POST', '/auth/login', {
    body: { email: 'ada@example.com', password: PASSWORD },
  })
  expect(login.status, 'the password is the old one').toBe(200)
  expect(await world.auth.users.find({ email: 'eve@example.com' })).toBeUndefined()
}

test('CC-05: nothing that changes state takes a request from the page of another origin', async () => {
  const world = await startWorld()
  for (const endpoint of [...STATE_CHANGING, ...HELPERS]) {
    for (const origin of FOREIGN) {
      const answer = await world.send(endpoint.method, endpoint.path, {
        body: endpoint.body,
        ...credentials(endpoint, world.session),
        headers: { origin },
      })
      const name = `${endpoint.method} ${endpoint.path} from ${JSON.stringify(origin)}`
      expect([answer.status, answer.body?.error], name).toEqual([403, 'ORIGIN_FORBIDDEN'])
      expect(answer.cookie, name).toBeUndefined()
      expect(answer.headers.get('access-control-allow-origin'), name).toBeNull()
    }
  }
  await expectNothingChanged(world)
})

test('CC-05: a form that another site posts is refused, with every content type that needs no preflight', async () => {
  const world = await startWorld()
  const types = ['application/x-www-form-urlencoded', 'multipart/form-data; boundary=x', 'text/plain']
  for (const { method, path } of STATE_CHANGING) {
    for (const type of types) {
      const answer = await world.send(method, path, {
        body: 'email=ada%40example.com&password=x',
        cookie: world.session.refreshToken,
        headers: { origin: 'https://evil.example', 'content-type': type },
      })
      expect([answer.status, answer.body.error], `${path} as ${type}`).toEqual([403, 'ORIGIN_FORBIDDEN'])
    }
  }
  await expectNothingChanged(world)
})

test('CC-07: without an Origin, the browser must say that its page is our own', async () => {
  const world = await startWorld()
  for (const endpoint of [...STATE_CHANGING, ...HELPERS]) {
    for (const site of ['cross-site', 'same-site', 'CROSS-SITE', 'Same-Origin', '', 'anything']) {
      const answer = await world.send(endpoint.method, endpoint.path, {
        body: endpoint.body,
        ...credentials(endpoint, world.session),
        headers: { 'sec-fetch-site': site },
      })
      const name = `${endpoint.method} ${endpoint.path} with ${JSON.stringify(site)}`
      expect([answer.status, answer.body?.error], name).toEqual([403, 'ORIGIN_FORBIDDEN'])
    }
  }
  await expectNothingChanged(world)
})

test('CC-07: our own page, a typed address, a listed origin and a program that is no browser are let in', async () => {
  const world = await startWorld()
  const welcome: Record<string, string>[] = [
    {},
    { origin: world.url },
    { origin: world.url, 'sec-fetch-site': 'same-origin' },
    { 'sec-fetch-site': 'same-origin' },
    { 'sec-fetch-site': 'none' },
    { origin: TRUSTED },
    { origin: TRUSTED, 'sec-fetch-site': 'cross-site' },
    { origin: SHELL, 'sec-fetch-site': 'cross-site' },
  ]
  for (const headers of welcome) {
    const login = await world.send('POST', '/auth/login', {
      body: { email: 'ada@example.com', password: PASSWORD },
      headers,
    })
    expect(login.status, JSON.stringify(headers)).toBe(200)
    const refresh = await world.send('POST', '/auth/refresh', { cookie: login.cookie as string, headers })
    expect(refresh.status, JSON.stringify(headers)).toBe(200)
    const logout = await world.send('POST', '/auth/logout', { cookie: refresh.cookie as string, headers })
    expect(logout.status, JSON.stringify(headers)).toBe(204)
  }
})

test('CC-09: a preflight is answered for listed origins only, with exactly their name', async () => {
  const world = await startWorld()
  const ask = (path: string, origin: string) =>
    world.send('OPTIONS', path, {
      headers: {
        origin,
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'content-type, authorization, idempotency-key',
      },
    })
  for (const { method, path } of AUTH_ENDPOINTS) {
    for (const origin of [TRUSTED, SHELL]) {
      const { status, headers } = await ask(path, origin)
      const name = `${path} from ${origin}`
      expect(status, name).toBe(204)
      expect(headers.get('access-control-allow-origin'), name).toBe(origin)
      expect(headers.get('access-control-allow-credentials'), name).toBe('true')
      expect(headers.get('vary'), name).toMatch(/\bOrigin\b/)
      expect(headers.get('access-control-allow-methods'), name).toContain(method)
      for (const header of ['Authorization', 'Content-Type', 'Idempotency-Key']) {
        expect(headers.get('access-control-allow-headers'), name).toContain(header)
      }
    }
    for (const origin of FOREIGN) {
      const { headers } = await ask(path, origin)
      const cors = [...headers.keys()].filter((name) => name.startsWith('access-control-'))
      expect(cors, `${path} from ${JSON.stringify(origin)}`).toEqual([])
    }
  }
})

test('CC-09: every answer to a listed origin can be read by its page, also an error', async () => {
  const world = await startWorld()
  const answers = [
    await world.send('GET', '/auth/me', { headers: { origin: TRUSTED } }),
    await world.send('POST', '/auth/login', { headers: { origin: TRUSTED }, body: '{' }),
    await world.send('PUT', '/auth/login', { headers: { origin: TRUSTED } }),
    await world.send('GET', '/nowhere', { headers: { origin: TRUSTED } }),
    await world.send('GET', '/auth/me', { headers: { origin: TRUSTED }, bearer: world.session.accessToken }),
  ]
  for (const { status, headers } of answers) {
    expect(headers.get('access-control-allow-origin'), String(status)).toBe(TRUSTED)
    expect(headers.get('access-control-allow-credentials'), String(status)).toBe('true')
    expect(headers.get('access-control-expose-headers'), String(status)).toContain('Retry-After')
  }
})

test('CC-09: no answer is for everybody and with credentials at once', async () => {
  const world = await startWorld()
  for (const path of [...PUBLIC_PATHS, '/', '/auth/me', '/nowhere']) {
    for (const origin of [TRUSTED, SHELL, world.url, 'https://evil.example']) {
      for (const method of ['GET', 'OPTIONS', 'POST']) {
        const request = new Request(`${world.url}${path}`, { method, headers: { origin } })
        const { headers } = await world.auth.fetch(request)
        const forEverybody = headers.get('access-control-allow-origin') === '*'
        const withCredentials = headers.has('access-control-allow-credentials')
        expect(forEverybody && withCredentials, `${method} ${path} for ${origin}`).toBe(false)
      }
    }
  }
})

test('CC-09: a cache keeps what it got for one origin apart from what it got for another, or for none', async () => {
  const world = await startWorld()
  for (const path of ['/auth/me', '/openapi.json', '/nowhere', '/']) {
    for (const headers of [{}, { origin: TRUSTED }, { origin: 'https://evil.example' }] as Record<
      string,
      string
    >[]) {
      const answer = await world.auth.fetch(new Request(`${world.url}${path}`, { headers }))
      expect(answer.headers.get('vary'), `${path} ${JSON.stringify(headers)}`).toMatch(/\bOrigin\b/)
    }
  }
})

test('CC-10: no origin is ever reflected because it asked', async () => {
  const world = await startWorld()
  const origins = Array.from({ length: 50 }, (_, i) => {
    const name = randomBytes(4).toString('hex')
    return [
      `https://${name}.example`,
      `https://${name}.app.example.com`,
      `http://${name}.localhost:3000`,
      `https://app.example.com.${name}.example`,
      `capacitor://${name}`,
    ][i % 5] as string
  })
  for (const origin of origins) {
    for (const path of ['/auth/login', '/auth/me', '/openapi.json', '/.well-known/jwks.json']) {
      for (const method of ['OPTIONS', 'GET']) {
        const { headers } = await world.send(method, path, { headers: { origin } })
        for (const [name, value] of headers)
          expect(value, `${name} of ${method} ${path}`).not.toContain(origin)
      }
    }
  }
})

test('a page on another origin gets no native session, unless it is the shell of an app', async () => {
  const world = await startWorld()
  const register = (origin: string | null, email: string) =>
    world.send('POST', '/auth/register', {
      body: { email, password: PASSWORD, client: 'native' },
      headers: origin === null ? {} : { origin },
    })
  for (const origin of [world.url, TRUSTED]) {
    const refused = await register(origin, 'eve@example.com')
    expect([refused.status, refused.body.error], origin).toEqual([403, 'ORIGIN_FORBIDDEN'])
    const login = await world.send('POST', '/auth/login', {
      body: { email: 'ada@example.com', password: PASSWORD, client: 'native' },
      headers: { origin },
    })
    expect([login.status, login.body.error], origin).toEqual([403, 'ORIGIN_FORBIDDEN'])
  }
  expect(await world.auth.users.find({ email: 'eve@example.com' })).toBeUndefined()
  expect((await register(SHELL, 'shell@example.com')).body.refreshToken).toMatch(/^lk1_/)
  expect((await register(null, 'cli@example.com')).body.refreshToken).toMatch(/^lk1_/)
})
