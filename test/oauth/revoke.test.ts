import { expect, test } from 'vitest'
import { expectAlive, refresh, refreshTimes, SECOND, signIn } from '../refresh/client.ts'
import { startAuth, type TestAuth } from '../support/auth.ts'
import { countRows, takeAway } from '../support/stores/look.ts'
import { basic, expectOAuthError, post } from './form.ts'

async function revoke(world: TestAuth, fields: Record<string, string>, headers: Record<string, string> = {}) {
  const answer = await post(world, '/oauth/revoke', fields, { headers })
  if (answer.status === 200) {
    expect(answer.body).toEqual({})
    expect(answer.headers.get('content-type')).toBe('application/json')
    expect(answer.headers.get('cache-control')).toBe('no-store')
    expect(answer.cookie).toBeUndefined()
  }
  return answer
}

async function me(world: TestAuth, bearer: string): Promise<string> {
  const { status, body } = await world.send('GET', '/auth/me', { bearer })
  return status === 200 ? 'good' : body.error
}

test.each(['native', 'browser'] as const)(
  'LO-09: a refresh token of any generation of a %s session ends it, with its access tokens',
  async (client) => {
    const world = await startAuth()
    const session = await signIn(world, client)
    const { tokens, last } = await refreshTimes(world, session, 2)
    expect((await revoke(world, { token: tokens[0] as string })).status).toBe(200)
    const refused = await refresh(world, client, last)
    expect(refused.body).toMatchObject({ error: 'SESSION_REVOKED', reason: 'logout' })
    expect(await me(world, session.accessToken)).toBe('TOKEN_REVOKED')
    expect((await revoke(world, { token: last })).status, 'again').toBe(200)
    expect(world.events.filter(({ type }) => type === 'session.ended')).toHaveLength(1)
  },
)

test('LO-09: an access token is refused from now on, and its session goes on', async () => {
  const world = await startAuth()
  const session = await signIn(world, 'native')
  const other = await refresh(world, 'native', session.refreshToken)
  expect((await revoke(world, { token: session.accessToken })).status).toBe(200)
  expect(await me(world, session.accessToken)).toBe('TOKEN_REVOKED')
  expect(await me(world, other.body.accessToken), 'another token of the session').toBe('good')
  await expectAlive(world, 'native', other.refreshToken)
})

test('LO-09: a hint that is wrong or unknown changes nothing', async () => {
  const world = await startAuth()
  const session = await signIn(world, 'native')
  const hinted = [
    { token: session.accessToken, token_type_hint: 'refresh_token' },
    { token: session.refreshToken, token_type_hint: 'access_token' },
  ]
  for (const fields of hinted) expect((await revoke(world, fields)).status).toBe(200)
  expect(await me(world, session.accessToken)).toBe('TOKEN_REVOKED')
  expect((await refresh(world, 'native', session.refreshToken)).body.error).toBe('SESSION_REVOKED')

  const next = await signIn(world, 'native')
  expect((await revoke(world, { token: next.refreshToken, token_type_hint: 'pat' })).status).toBe(200)
  expect((await refresh(world, 'native', next.refreshToken)).body.error).toBe('SESSION_REVOKED')
})

test('LO-09: what is unknown, forged, expired or of somewhere else is answered alike, and changes nothing', async () => {
  const world = await startAuth()
  const elsewhere = await signIn(await startAuth(), 'native')
  const session = await signIn(world, 'native')
  const changed = (token: string) =>
    `${token.slice(0, -5)}${token.at(-5) === 'A' ? 'B' : 'A'}${token.slice(-4)}`
  const tokens = [
    'garbage',
    ' ',
    elsewhere.refreshToken,
    elsewhere.accessToken,
    changed(session.refreshToken),
    changed(session.accessToken),
    session.sessionId,
  ]
  for (const token of tokens) expect((await revoke(world, { token })).status, token).toBe(200)
  expect(await me(world, session.accessToken)).toBe('good')
  const refreshed = await refresh(world, 'native', session.refreshToken)
  world.clock.now += 3600 * SECOND
  expect((await revoke(world, { token: session.accessToken })).status, 'expired').toBe(200)
  expect(await countRows(world.store, 'revocations')).toEqual({ revocations: 0 })
  await expectAlive(world, 'native', refreshed.refreshToken)
})

test('LO-09: a client ends what is its own, and nothing of another one', async () => {
  const world = await startAuth()
  const browser = await signIn(world, 'browser')
  const native = await signIn(world, 'native')
  for (const token of [browser.refreshToken, browser.accessToken]) {
    expect((await revoke(world, { token, client_id: 'latchkey-native' })).status).toBe(200)
    expect((await revoke(world, { token }, basic('latchkey-native', ''))).status).toBe(200)
  }
  for (const token of [native.refreshToken, native.accessToken]) {
    expect((await revoke(world, { token, client_id: 'latchkey-browser' })).status).toBe(200)
  }
  expect([await me(world, browser.accessToken), await me(world, native.accessToken)]).toEqual([
    'good',
    'good',
  ])

  const { id, secret } = await world.auth.services.create({ name: 'orders' })
  const token = native.refreshToken
  const strangers: Parameters<typeof revoke>[1][] = [
    { token, client_id: 'somebody' },
    { token, client_id: 'latchkey-native', client_secret: 'x' },
    { token, client_id: id, client_secret: secret },
  ]
  for (const fields of strangers) expectOAuthError(await revoke(world, fields), 401, 'invalid_client')
  expectOAuthError(await revoke(world, { token }, basic(id, secret)), 401, 'invalid_client')
  await expectAlive(world, 'native', token)
  await revoke(world, { token, client_id: 'latchkey-native' })
  expect(await me(world, native.accessToken)).toBe('TOKEN_REVOKED')
})

test('LO-09: without a token, or with two, it is invalid_request', async () => {
  const world = await startAuth()
  const { refreshToken } = await signIn(world, 'native')
  for (const body of ['', 'token=', 'token_type_hint=access_token', `token=${refreshToken}&token=x`]) {
    expectOAuthError(await post(world, '/oauth/revoke', body), 400, 'invalid_request', body)
  }
  await expectAlive(world, 'native', refreshToken)
})

test('what could not be recorded is 503, and can be asked for again', async () => {
  const world = await startAuth()
  const session = await signIn(world, 'native')
  for (const [table, token] of [
    ['sessions', session.refreshToken],
    ['revocations', session.accessToken],
  ] as const) {
    const giveBack = await takeAway(world.store, table)
    expectOAuthError(await revoke(world, { token }), 503, 'temporarily_unavailable', table)
    await giveBack()
  }
  expect(await me(world, session.accessToken)).toBe('good')
  expect((await revoke(world, { token: session.accessToken })).status).toBe(200)
  expect(await me(world, session.accessToken)).toBe('TOKEN_REVOKED')
  await expectAlive(world, 'native', session.refreshToken)
})
