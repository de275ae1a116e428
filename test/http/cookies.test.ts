import type { CookieOptions } from 'latchkey'
import { expect, test } from 'vitest'
import { PASSWORD, startAuth, type TestAuth } from '../support/auth.ts'

const EMAIL = 'ada@example.com'

function signIn(world: TestAuth, client?: 'browser' | 'native') {
  return world.send('POST', '/auth/login', { body: { email: EMAIL, password: PASSWORD, client } })
}

/** A cookie's attributes, by lower-cased name. */
function attributes(setCookie: string | null): Map<string, string> {
  const [, ...rest] = (setCookie ?? '').split('; ')
  return new Map(
    rest.map((part) => {
      const [name = '', value = ''] = part.split('=')
      return [name.toLowerCase(), value]
    }),
  )
}

function nameOf(setCookie: string | null): string {
  return setCookie?.split('=')[0] ?? ''
}

test('CC-01: the cookie of a sign-up, a sign-in and a refresh has every attribute that keeps it safe', async () => {
  const world = await startAuth()
  const register = await world.send('POST', '/auth/register', { body: { email: EMAIL, password: PASSWORD } })
  const login = await signIn(world)
  const refresh = await world.send('POST', '/auth/refresh', { cookie: login.cookie as string })

  for (const { headers } of [register, login, refresh]) {
    const setCookie = headers.get('set-cookie')
    expect(headers.getSetCookie()).toHaveLength(1)
    expect(nameOf(setCookie)).toBe('__Host-latchkey')
    expect(Object.fromEntries(attributes(setCookie))).toEqual({
      path: '/',
      httponly: '',
      secure: '',
      samesite: 'Strict',
      'max-age': '604800',
    })
    expect(setCookie?.length).toBeLessThan(4096)
  }
})

test('CC-01: a cookie never outlives its session', async () => {
  const world = await startAuth({ idleTtlSeconds: 1_000, sessionTtlSeconds: 1_500 })
  const { refreshToken } = await world.signUp('browser', EMAIL)
  world.clock.now += 900_000
  const { headers, body } = await world.send('POST', '/auth/refresh', { cookie: refreshToken })
  expect(attributes(headers.get('set-cookie')).get('max-age')).toBe('600')
  expect(body.refreshExpiresIn, 'the body says nothing of it').toBeUndefined()
})

test('CC-01: a path or a domain of its own costs the cookie its __Host- prefix, and nothing else', async () => {
  const cases: [CookieOptions, string, Record<string, string>][] = [
    [{}, '__Host-latchkey', { path: '/', samesite: 'Strict' }],
    [{ name: 'app' }, '__Host-app', { path: '/', samesite: 'Strict' }],
    [{ sameSite: 'lax' }, '__Host-latchkey', { path: '/', samesite: 'Lax' }],
    [{ sameSite: 'none' }, '__Host-latchkey', { path: '/', samesite: 'None' }],
    [{ path: '/auth' }, '__Secure-latchkey', { path: '/auth', samesite: 'Strict' }],
    [
      { domain: 'example.com' },
      '__Secure-latchkey',
      { path: '/', domain: 'example.com', samesite: 'Strict' },
    ],
    [
      { name: 'app', path: '/auth', domain: 'example.com', sameSite: 'none' },
      '__Secure-app',
      { path: '/auth', domain: 'example.com', samesite: 'None' },
    ],
  ]
  for (const [cookie, name, wanted] of cases) {
    const world = await startAuth({ cookie })
    const set = (await world.send('POST', '/auth/register', { body: { email: EMAIL, password: PASSWORD } }))
      .headers
    const value = /=([^;]+)/.exec(set.get('set-cookie') ?? '')?.[1] as string
    expect(nameOf(set.get('set-cookie'))).toBe(name)
    expect(Object.fromEntries(attributes(set.get('set-cookie')))).toEqual({
      ...wanted,
      httponly: '',
      secure: '',
      'max-age': '604800',
    })

    const send = (path: string) => world.send('POST', path, { headers: { cookie: `${name}=${value}` } })
    expect((await send('/auth/refresh')).status, `${name} refreshes`).toBe(200)
    const logout = await send('/auth/logout')
    expect(nameOf(logout.headers.get('set-cookie')), 'cleared under the same name').toBe(name)
    expect(Object.fromEntries(attributes(logout.headers.get('set-cookie')))).toEqual({
      ...wanted,
      httponly: '',
      secure: '',
      'max-age': '0',
    })
  }
})

test('LO-03: signing out clears the cookie with the attributes that it was set with', async () => {
  const world = await startAuth()
  const { refreshToken } = await world.signUp('browser')
  const { status, headers, cookie } = await world.send('POST', '/auth/logout', { cookie: refreshToken })
  expect([status, cookie]).toEqual([204, ''])
  expect(headers.get('set-cookie')).toBe(
    '__Host-latchkey=; Path=/; HttpOnly; Secure; SameSite=Strict; Max-Age=0',
  )
})

test('CC-04: a cookie whose value is not one that we set is an invalid token, whatever it holds', async () => {
  const world = await startAuth({ developmentHelpers: true })
  const { refreshToken } = await world.signUp('browser')
  const utf8 = (text: string) => Buffer.from(text).toString('latin1')
  const values = [
    `"${refreshToken}"`,
    `'${refreshToken}'`,
    `${refreshToken},x`,
    `${refreshToken} x`,
    `x ${refreshToken}`,
    encodeURIComponent(`${refreshToken}\0`),
    refreshToken.replaceAll('_', '%5F'),
    `${refreshToken}=`,
    `=${refreshToken}`,
    utf8('🍪'),
    utf8(`${refreshToken}é`),
    '\x01\x1f\x7f',
    'a'.repeat(8_192),
    refreshToken.repeat(100),
    '',
    'undefined',
    'null',
    '[object Object]',
    'j:{"$ne":null}',
    '../../etc/passwd',
    "' or '1'='1",
  ]
  for (const value of values) {
    const name = JSON.stringify(value.slice(0, 60))
    for (const path of ['/auth/refresh', '/dev/replay']) {
      const answer = await world.send('POST', path, { headers: { cookie: `__Host-latchkey=${value}` } })
      expect([answer.status, answer.body.error], `${name} at ${path}`).toEqual([401, 'REFRESH_INVALID'])
      expect(answer.headers.has('set-cookie'), `${name} at ${path}`).toBe(false)
    }
    const logout = await world.send('POST', '/auth/logout', {
      headers: { cookie: `__Host-latchkey=${value}` },
    })
    expect(logout.status, `${name} signs nobody out`).toBe(204)
  }
  const { status } = await world.send('POST', '/auth/refresh', { cookie: refreshToken })
  expect(status, 'the genuine one still works').toBe(200)
})

test('CC-04: of other cookies, whatever they hold, nothing is read', async () => {
  const world = await startAuth()
  const { refreshToken } = await world.signUp('browser')
  const others = [
    'theme=dark',
    '__Host-latchkey',
    '__host-latchkey=x',
    '__Secure-latchkey=x',
    'latchkey=x',
    'x__Host-latchkey=x',
    '__Host-latchkeyx=x',
    '__proto__=x',
    ';;;',
    '=',
    '=__Host-latchkey',
    'a=__Host-latchkey=x',
  ]
  let token = refreshToken
  for (const other of others) {
    const cookie = `${other}; __Host-latchkey=${token}; ${other}`
    const { status, cookie: next } = await world.send('POST', '/auth/refresh', { headers: { cookie } })
    expect(status, other).toBe(200)
    token = next as string
  }
})

test('CC-12: a cookie that was planted before the sign-in is worth nothing after it', async () => {
  const world = await startAuth()
  const attacker = await world.signUp('browser', 'mallory@example.com')
  await world.auth.users.create({ email: EMAIL, password: PASSWORD })

  for (const planted of [attacker.refreshToken, `lk1_${'A'.repeat(72)}`, 'preset']) {
    const login = await world.send('POST', '/auth/login', {
      body: { email: EMAIL, password: PASSWORD },
      cookie: planted,
    })
    expect(login.status).toBe(200)
    expect(login.cookie).toMatch(/^lk1_/)
    expect(login.cookie).not.toBe(planted)
    expect(login.body.sessionId).not.toBe(attacker.sessionId)
    const me = await world.send('GET', '/auth/me', { bearer: login.body.accessToken })
    expect(me.body.user.email).toBe(EMAIL)
  }
  const theirs = await world.send('POST', '/auth/refresh', { cookie: attacker.refreshToken })
  expect(theirs.body.user.email, 'their session was not upgraded to the victim').toBe('mallory@example.com')
})

test('CC-13: a browser session shows its refresh token in no body, a native one in no cookie', async () => {
  const world = await startAuth()
  const bodies: unknown[] = []
  const browser = await world.send('POST', '/auth/register', { body: { email: EMAIL, password: PASSWORD } })
  const login = await signIn(world, 'browser')
  const refresh = await world.send('POST', '/auth/refresh', { cookie: login.cookie as string })
  const bearer = refresh.body.accessToken
  const me = await world.send('GET', '/auth/me', { bearer })
  const list = await world.send('GET', '/auth/sessions', { bearer })
  bodies.push(browser.body, login.body, refresh.body, me.body, list.body)
  const text = JSON.stringify(bodies)
  for (const token of [browser.cookie, login.cookie, refresh.cookie]) {
    expect(token).toMatch(/^lk1_/)
    expect(text).not.toContain(token)
  }
  expect(text).not.toMatch(/lk1_|refreshToken|refreshExpiresIn/)

  const native = await signIn(world, 'native')
  const again = await world.send('POST', '/auth/refresh', {
    body: { refreshToken: native.body.refreshToken },
  })
  for (const { headers, body } of [native, again]) {
    expect(headers.has('set-cookie')).toBe(false)
    expect(body.refreshToken).toMatch(/^lk1_/)
    expect(body.refreshExpiresIn).toBe(604_800)
  }
})

test('a session is refreshed only the way that it was opened', async () => {
  const world = await startAuth()
  const browser = await world.signUp('browser')
  const native = await world.signUp('native')
  const crossed = [
    await world.send('POST', '/auth/refresh', { body: { refreshToken: browser.refreshToken } }),
    await world.send('POST', '/auth/refresh', { cookie: native.refreshToken }),
  ]
  for (const { status, body, headers } of crossed) {
    expect([status, body.error, headers.has('set-cookie')]).toEqual([401, 'REFRESH_INVALID', false])
  }
  expect((await world.send('POST', '/auth/refresh', { cookie: browser.refreshToken })).status).toBe(200)
  const ok = await world.send('POST', '/auth/refresh', { body: { refreshToken: native.refreshToken } })
  expect(ok.status).toBe(200)
})

test('a client that says nothing gets a cookie; one that says something else is refused', async () => {
  const world = await startAuth()
  const register = (client: unknown) =>
    world.send('POST', '/auth/register', { body: { email: EMAIL, password: PASSWORD, client } })
  for (const client of ['mobile', 'BROWSER', '', null, 1, true, ['native'], { native: true }]) {
    const { status, body } = await register(client)
    expect([status, body.error], JSON.stringify(client)).toEqual([400, 'INVALID_REQUEST'])
  }
  expect((await register(undefined)).cookie).toMatch(/^lk1_/)
})

test('no answer but a success and a sign-out touches the cookie', async () => {
  const world = await startAuth({ cookie: { sameSite: 'lax' } })
  const { refreshToken, accessToken } = await world.signUp('browser', EMAIL)
  const send = world.send
  const answers = {
    'a wrong password': await send('POST', '/auth/login', {
      body: { email: EMAIL, password: 'wrong password' },
    }),
    'a taken address': await send('POST', '/auth/register', { body: { email: EMAIL, password: PASSWORD } }),
    'a weak password': await send('POST', '/auth/register', {
      body: { email: 'b@example.com', password: 'x' },
    }),
    'no refresh token': await send('POST', '/auth/refresh', {}),
    'a wrong refresh token': await send('POST', '/auth/refresh', { cookie: `lk1_${'A'.repeat(72)}` }),
    'two cookies': await send('POST', '/auth/refresh', {
      headers: { cookie: `__Host-latchkey=${refreshToken}; __Host-latchkey=${refreshToken}` },
    }),
    'a foreign origin': await send('POST', '/auth/logout', {
      cookie: refreshToken,
      headers: { origin: 'https://evil.example' },
    }),
    'a malformed sign-out': await send('POST', '/auth/logout', { cookie: refreshToken, body: '{' }),
    'no access token': await send('GET', '/auth/me', { cookie: refreshToken }),
    'the session list': await send('GET', '/auth/sessions', { bearer: accessToken, cookie: refreshToken }),
    'an unknown path': await send('GET', '/nowhere', { cookie: refreshToken }),
    'a wrong method': await send('PUT', '/auth/login', { cookie: refreshToken }),
    'a preflight': await send('OPTIONS', '/auth/refresh', { cookie: refreshToken }),
    'the end of another session': await send('DELETE', '/auth/sessions', { bearer: accessToken }),
  }
  for (const [name, { headers }] of Object.entries(answers)) {
    expect(headers.has('set-cookie'), name).toBe(false)
  }
  expect((await send('POST', '/auth/refresh', { cookie: refreshToken })).status).toBe(200)
})
