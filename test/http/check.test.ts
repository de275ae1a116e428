import { expect, test } from 'vitest'
import { PASSWORD, startAuth, type TestAuth } from '../support/auth.ts'
import { takeAway } from '../support/stores/look.ts'

async function signInWithRoles(world: TestAuth, roles: string[]) {
  const email = `${crypto.randomUUID()}@example.com`
  const { id } = await world.auth.users.create({ email, password: PASSWORD, roles })
  const { body } = await world.send('POST', '/auth/login', {
    body: { email, password: PASSWORD, client: 'native' },
  })
  return { userId: id, sessionId: body.sessionId as string, accessToken: body.accessToken as string }
}

test('a gateway that asks is told who calls, in headers and without a body', async () => {
  const world = await startAuth()
  const { userId, sessionId, accessToken } = await signInWithRoles(world, ['admin', 'orders:read'])
  const { status, headers, body } = await world.send('GET', '/auth/check', { bearer: accessToken })
  expect([status, body]).toEqual([204, null])
  expect(headers.get('x-latchkey-user')).toBe(userId)
  expect(headers.get('x-latchkey-session')).toBe(sessionId)
  expect(headers.get('x-latchkey-roles')).toBe('admin,orders:read')
  expect(headers.get('cache-control')).toBe('no-store')

  const nobody = await world.signUp('browser')
  const none = await world.send('GET', '/auth/check', { bearer: nobody.accessToken })
  expect([none.status, none.headers.get('x-latchkey-roles')]).toEqual([204, ''])
})

test('no name of a role makes two roles, two headers or a header that cannot be sent', async () => {
  const world = await startAuth()
  const roles = ['a,admin', 'x\r\nX-Latchkey-User: root', 'Überprüfer', '50%', '🦊', '"q"', 'ok']
  const { accessToken, userId } = await signInWithRoles(world, roles)
  const { status, headers } = await world.send('GET', '/auth/check', { bearer: accessToken })
  expect(status).toBe(204)
  const text = headers.get('x-latchkey-roles') as string
  expect(text).toMatch(/^[\x21-\x7e]+$/)
  expect(text.split(',').map(decodeURIComponent)).toEqual(roles)
  expect(headers.get('x-latchkey-user')).toBe(userId)
})

test('a role is percent-encoded as the document says: every character but letters, digits and a few signs', async () => {
  const world = await startAuth()
  const roles = ["o'neil", 'team(a)!', '*', 'a-b_c.d~e/f@g']
  const { accessToken } = await signInWithRoles(world, roles)
  const { headers } = await world.send('GET', '/auth/check', { bearer: accessToken })
  expect(headers.get('x-latchkey-roles')).toBe('o%27neil,team%28a%29%21,%2A,a-b_c.d~e/f@g')
})

test('a session that has ended, a token that is none and a store that is away are answered as everywhere', async () => {
  const world = await startAuth()
  const { accessToken, refreshToken } = await world.signUp('native')
  const other = await world.signUp('native')
  await world.send('POST', '/auth/logout', { body: { refreshToken } })
  const answers = [
    [await world.send('GET', '/auth/check', { bearer: accessToken }), 401, 'TOKEN_REVOKED'],
    [await world.send('GET', '/auth/check', { bearer: 'nonsense' }), 401, 'TOKEN_INVALID'],
    [await world.send('GET', '/auth/check'), 401, 'TOKEN_MISSING'],
    [await world.send('GET', '/auth/check', { cookie: other.refreshToken }), 401, 'TOKEN_MISSING'],
  ] as const
  for (const [{ status, body, headers }, expected, code] of answers) {
    expect([status, body.error]).toEqual([expected, code])
    expect(headers.get('www-authenticate')).toMatch(/^Bearer realm="latchkey"/)
    expect([...headers.keys()].filter((name) => name.startsWith('x-latchkey'))).toEqual([])
  }
  await takeAway(world.store, 'sessions')
  const away = await world.send('GET', '/auth/check', { bearer: other.accessToken })
  expect([away.status, away.body.error]).toEqual([503, 'STORE_UNAVAILABLE'])
})
