// Signing up, signing in and changing a password, as users and attackers see it over HTTP.
// It owns no test of sessions: those are in test/refresh.
import { expect, test } from 'vitest'
import { PASSWORD, startAuth, type TestAuth } from '../support/auth.ts'

const EMAIL = 'ada@example.com'
const NEW_PASSWORD = 'a louder harbour at dawn'

function change({ send }: TestAuth, bearer: string, currentPassword: string, newPassword: string) {
  return send('POST', '/auth/password/change', { bearer, body: { currentPassword, newPassword } })
}

function login({ send }: TestAuth, password: string, client = 'native') {
  return send('POST', '/auth/login', { body: { email: EMAIL, password, client } })
}

test('a changed password opens the account, the old one does not, and the session that changed it lives on', async () => {
  const world = await startAuth()
  const { accessToken, refreshToken, userId } = await world.signUp('native', EMAIL)
  const { status, body, headers } = await change(world, accessToken, PASSWORD, NEW_PASSWORD)
  expect([status, body, headers.has('set-cookie')]).toEqual([204, null, false])

  expect((await login(world, PASSWORD)).status).toBe(401)
  expect((await login(world, NEW_PASSWORD)).status).toBe(200)
  expect((await world.send('GET', '/auth/me', { bearer: accessToken })).status).toBe(200)
  expect((await world.send('POST', '/auth/refresh', { body: { refreshToken } })).status).toBe(200)
  expect(world.events.filter(({ type }) => type === 'user.password_changed')).toEqual([
    { type: 'user.password_changed', userId },
  ])
})

test('LO-05: once it is answered, every other session of the user is over, and no session of anybody else', async () => {
  const world = await startAuth()
  const own = await world.signUp('native', EMAIL)
  const others = [(await login(world, PASSWORD)).body, (await login(world, PASSWORD)).body]
  const somebodyElse = await world.signUp('native')
  expect((await change(world, own.accessToken, PASSWORD, NEW_PASSWORD)).status).toBe(204)

  for (const { accessToken, refreshToken } of others) {
    const refresh = await world.send('POST', '/auth/refresh', { body: { refreshToken } })
    expect([refresh.status, refresh.body.error, refresh.body.reason]).toEqual([
      401,
      'SESSION_REVOKED',
      'password_changed',
    ])
    expect((await world.send('GET', '/auth/me', { bearer: accessToken })).body.error).toBe('TOKEN_REVOKED')
  }
  const theirs = await world.send('POST', '/auth/refresh', {
    body: { refreshToken: somebodyElse.refreshToken },
  })
  expect(theirs.status).toBe(200)
})

test('a session that is being opened with the old password meanwhile does not survive the change', async () => {
  const world = await startAuth()
  const own = await world.signUp('native', EMAIL)
  const racing = Array.from({ length: 20 }, () => login(world, PASSWORD))
  const changing = change(world, own.accessToken, PASSWORD, NEW_PASSWORD)
  racing.push(...Array.from({ length: 20 }, () => login(world, PASSWORD)))
  expect((await changing).status).toBe(204)

  for (const { status, body } of await Promise.all(racing)) {
    if (status !== 200) {
      expect([status, body.error]).toEqual([401, 'INVALID_CREDENTIALS'])
      continue
    }
    const refresh = await world.send('POST', '/auth/refresh', { body: { refreshToken: body.refreshToken } })
    expect([refresh.status, refresh.body.reason]).toEqual([401, 'password_changed'])
  }
  const { body } = await world.send('GET', '/auth/sessions', { bearer: own.accessToken })
  expect(body.sessions).toHaveLength(1)
})

test('of two changes at once from the same password, one counts and the other is told that its password is old', async () => {
  const world = await startAuth()
  const own = await world.signUp('native', EMAIL)
  const other = (await login(world, PASSWORD)).body
  const [first, second] = await Promise.all([
    change(world, own.accessToken, PASSWORD, `${NEW_PASSWORD} 1`),
    change(world, other.accessToken, PASSWORD, `${NEW_PASSWORD} 2`),
  ])
  expect([first?.status, second?.status].toSorted()).toEqual([204, 401])
  const winner = first?.status === 204 ? 1 : 2
  expect((await login(world, `${NEW_PASSWORD} ${winner}`)).status).toBe(200)
  expect((await login(world, `${NEW_PASSWORD} ${3 - winner}`)).status).toBe(401)
})

test('without the current password nothing changes, and the new one obeys the rules of a sign-up', async () => {
  const world = await startAuth()
  const { accessToken, refreshToken } = await world.signUp('native', EMAIL)
  const refused: [current: string, next: string, status: number, error: string][] = [
    ['not the password', NEW_PASSWORD, 401, 'INVALID_CREDENTIALS'],
    ['', NEW_PASSWORD, 401, 'INVALID_CREDENTIALS'],
    [`${PASSWORD} `, NEW_PASSWORD, 401, 'INVALID_CREDENTIALS'],
    ['not the password', 'short', 401, 'INVALID_CREDENTIALS'],
    [PASSWORD, 'short', 422, 'WEAK_PASSWORD'],
    [PASSWORD, 'password1', 422, 'WEAK_PASSWORD'],
    [PASSWORD, EMAIL, 422, 'WEAK_PASSWORD'],
    [PASSWORD, 'latchkey2026', 422, 'WEAK_PASSWORD'],
    [PASSWORD, 'x'.repeat(257), 400, 'INVALID_REQUEST'],
    [PASSWORD, 'half a pair \ud800', 400, 'INVALID_REQUEST'],
  ]
  for (const [current, next, status, error] of refused) {
    const answer = await change(world, accessToken, current, next)
    expect([answer.status, answer.body.error], `${current} -> ${next}`).toEqual([status, error])
    // It is the password that was wrong, not the token: nobody should throw that away.
    if (status === 401) expect(answer.headers.get('www-authenticate') ?? '').not.toContain('invalid_token')
  }
  expect((await login(world, PASSWORD)).status).toBe(200)
  expect((await world.send('POST', '/auth/refresh', { body: { refreshToken } })).status).toBe(200)
})
