import { expect, test } from 'vitest'
import {
  DAY,
  expectAlive,
  generationOf,
  newKey,
  refresh,
  refreshTimes,
  SECOND,
  signIn,
} from '../refresh/client.ts'
import { startAuth, type TestAuth } from '../support/auth.ts'
import { takeAway } from '../support/stores/look.ts'
import { basic, expectOAuthError, post, refreshByForm } from './form.ts'

async function refreshes(world: TestAuth): Promise<string[]> {
  const metrics = await world.auth.fetch(new Request(`${world.url}/metrics`))
  const lines = (await metrics.text()).split('\n')
  return lines.filter((line) => line.startsWith('latchkey_refreshes_total{')).toSorted()
}

test('a native session is refreshed by a form, without a cookie, and answered as RFC 6749 §5.1 has it (NC-01)', async () => {
  const world = await startAuth()
  const { refreshToken, sessionId } = await signIn(world, 'native')
  const { status, body, headers, cookie } = await refreshByForm(world, refreshToken)
  expect(status).toBe(200)
  expect(body).toEqual({
    access_token: expect.any(String),
    token_type: 'Bearer',
    expires_in: 900,
    refresh_token: expect.stringMatching(/^lk1_/),
    refresh_expires_in: (7 * DAY) / SECOND,
  })
  expect(generationOf(body.refresh_token)).toBe(1)
  expect(cookie).toBeUndefined()
  expect(headers.get('content-type')).toBe('application/json')
  expect([headers.get('cache-control'), headers.get('pragma')]).toEqual(['no-store', 'no-cache'])
  const me = await world.send('GET', '/auth/me', { bearer: body.access_token })
  expect(me.body.session.id).toBe(sessionId)
  expect(await refreshes(world)).toEqual(['latchkey_refreshes_total{outcome="ok"} 1'])
  await expectAlive(world, 'native', body.refresh_token)
})

test('a client names itself in the form, by HTTP Basic with an empty secret, or not at all', async () => {
  const world = await startAuth()
  let { refreshToken } = await signIn(world, 'native')
  const ways: Parameters<typeof refreshByForm>[2][] = [
    {},
    { client_id: 'latchkey-native' },
    { client_id: 'latchkey-native', client_secret: '' },
    { client_id: '' },
    { unknown: 'parameters are ignored', scope: '' },
  ]
  for (const fields of ways) {
    const { status, body } = await refreshByForm(world, refreshToken, fields)
    expect(status, JSON.stringify(fields)).toBe(200)
    refreshToken = body.refresh_token
  }
  const byBasic = await refreshByForm(world, refreshToken, {}, { headers: basic('latchkey-native', '') })
  expect(byBasic.status).toBe(200)
  const twice = { client_id: 'latchkey-native' }
  const said = await refreshByForm(world, byBasic.body.refresh_token, twice, {
    headers: basic('latchkey-native', ''),
  })
  expect(said.status, 'the same id in both places').toBe(200)
})

test('another client, or a secret where there is none, is refused and spends nothing', async () => {
  const world = await startAuth()
  const { refreshToken } = await signIn(world, 'native')
  const { id, secret } = await world.auth.services.create({ name: 'orders' })
  const forms: Record<string, string>[] = [
    { client_id: 'somebody' },
    { client_id: 'latchkey-browser' },
    { client_id: '__proto__' },
    { client_id: 'constructor' },
    { client_id: 'latchkey-native', client_secret: 'x' },
    { client_secret: 'x' },
    { client_id: id, client_secret: secret },
  ]
  for (const fields of forms) {
    const answer = await refreshByForm(world, refreshToken, fields)
    expectOAuthError(answer, 401, 'invalid_client', JSON.stringify(fields))
    expect(answer.headers.has('www-authenticate'), 'clients would not look at the body').toBe(false)
  }
  const headers = [
    basic('latchkey-native', 'x'),
    basic('somebody', ''),
    basic(id, secret),
    { authorization: 'Basic' },
    { authorization: 'Basic !' },
    { authorization: 'Digest username=x' },
  ]
  for (const header of headers) {
    const answer = await refreshByForm(world, refreshToken, {}, { headers: header })
    expectOAuthError(answer, 401, 'invalid_client', header.authorization)
    expect(answer.headers.get('www-authenticate')).toBe('Basic realm="latchkey"')
  }
  const both = await refreshByForm(
    world,
    refreshToken,
    { client_id: 'latchkey-native', client_secret: 'x' },
    { headers: basic('latchkey-native', '') },
  )
  expectOAuthError(both, 400, 'invalid_request')
  await expectAlive(world, 'native', refreshToken)
})

test('a request that is wrong in any other way, or asks for a scope (RR-21), is refused by name and spends nothing', async () => {
  const world = await startAuth()
  const { refreshToken } = await signIn(world, 'native')
  const good = new URLSearchParams({ grant_type: 'refresh_token', refresh_token: refreshToken }).toString()
  const wrong: [body: string, error: string, headers?: Record<string, string>][] = [
    ['', 'invalid_request'],
    [`refresh_token=${refreshToken}`, 'invalid_request'],
    ['grant_type=refresh_token', 'invalid_request'],
    ['grant_type=refresh_token&refresh_token=', 'invalid_request'],
    [`${good}&refresh_token=${refreshToken}`, 'invalid_request'],
    [`${good}&grant_type=refresh_token`, 'invalid_request'],
    [`${good}&client_id=latchkey-native&client_id=latchkey-native`, 'invalid_request'],
    [`${good}&scope=openid`, 'invalid_scope'],
    [`${good}&scope=offline_access+admin`, 'invalid_scope'],
    [`${good}&scope=+`, 'invalid_scope'],
    [good, 'invalid_request', { 'idempotency-key': 'too short' }],
  ]
  for (const [body, error, headers = {}] of wrong) {
    expectOAuthError(await post(world, '/oauth/token', body, { headers }), 400, error, body)
  }
  const inUrl = await post(world, `/oauth/token?refresh_token=${refreshToken}`, good)
  expectOAuthError(inUrl, 400, 'invalid_request')
  const secretInUrl = await post(world, '/oauth/token?client_secret=x', good)
  expectOAuthError(secretInUrl, 400, 'invalid_request')
  await expectAlive(world, 'native', refreshToken)
})

test('NC-12: every other grant is an unsupported one, whoever asks', async () => {
  const world = await startAuth()
  const { refreshToken } = await signIn(world, 'native')
  const grants = [
    'password',
    'client_credentials',
    'authorization_code',
    'implicit',
    'token',
    'urn:ietf:params:oauth:grant-type:device_code',
    'urn:ietf:params:oauth:grant-type:token-exchange',
    'Refresh_Token',
    'refresh_token ',
    '__proto__',
  ]
  for (const grant of grants) {
    const fields = { refresh_token: refreshToken, username: 'ada@example.com', password: 'x', code: 'x' }
    const clients: Record<string, string>[] = [{}, { client_id: 'somebody', client_secret: 'x' }]
    for (const client of clients) {
      const answer = await post(world, '/oauth/token', { ...fields, ...client, grant_type: grant })
      expectOAuthError(answer, 400, 'unsupported_grant_type', grant)
    }
  }
  for (const path of ['/oauth/authorize', '/authorize', '/oauth/authorize?response_type=token&client_id=x']) {
    expect((await world.send('GET', path)).status, path).toBe(404)
  }
  const { body } = await world.send('GET', '/.well-known/oauth-authorization-server')
  expect(body.grant_types_supported).toEqual(['refresh_token'])
  expect(body.response_types_supported).toEqual([])
  await expectAlive(world, 'native', refreshToken)
})

test('a cookie is neither needed nor read, and no session of a browser is refreshed here (NC-01)', async () => {
  const world = await startAuth()
  const browser = await signIn(world, 'browser')
  const native = await signIn(world, 'native')
  expectOAuthError(
    await post(world, '/oauth/token', { grant_type: 'refresh_token' }, { cookie: browser.refreshToken }),
    400,
    'invalid_request',
  )
  expectOAuthError(await refreshByForm(world, browser.refreshToken), 400, 'invalid_grant')
  const beside = await refreshByForm(world, native.refreshToken, {}, { cookie: browser.refreshToken })
  expect([beside.status, beside.cookie]).toEqual([200, undefined])
  await expectAlive(world, 'browser', browser.refreshToken)
})

test('what is wrong with a refresh token is invalid_grant, and the description says which case it was', async () => {
  const world = await startAuth()
  const refused = async (refreshToken: string, code: string, key?: string) => {
    const headers: Record<string, string> = key === undefined ? {} : { 'idempotency-key': key }
    const answer = await refreshByForm(world, refreshToken, {}, { headers })
    expectOAuthError(answer, 400, 'invalid_grant', code)
    expect(answer.body.error_description).toMatch(new RegExp(`^${code}: `))
    return answer.body.error_description as string
  }
  const session = await signIn(world, 'native')
  for (const token of ['garbage', session.accessToken, `${session.refreshToken}x`]) {
    await refused(token, 'REFRESH_INVALID')
  }
  const { tokens, keys, last } = await refreshTimes(world, session, 3)
  await refused(tokens[1] as string, 'REFRESH_SUPERSEDED', keys[1])
  await expectAlive(world, 'native', last)
  await refused(tokens[0] as string, 'REFRESH_REUSED')
  expect(await refused(last, 'SESSION_REVOKED')).toContain('(reuse_detected)')

  const idle = await signIn(world, 'native')
  world.clock.now += 8 * DAY
  await refused(idle.refreshToken, 'REFRESH_EXPIRED')
  expect(await refreshes(world)).toContain('latchkey_refreshes_total{outcome="REFRESH_REUSED"} 1')
})

test('a lost answer is asked for again with its Idempotency-Key, here or at /auth/refresh; without it, that is reuse', async () => {
  const world = await startAuth()
  const { refreshToken } = await signIn(world, 'native')
  const key = newKey()
  const headers = { 'idempotency-key': key }
  const first = await refreshByForm(world, refreshToken, {}, { headers })
  world.clock.now += DAY
  const again = await refreshByForm(world, refreshToken, {}, { headers })
  expect([again.status, again.body.refresh_token]).toEqual([200, first.body.refresh_token])
  const elsewhere = await refresh(world, 'native', refreshToken, { key })
  expect(elsewhere.refreshToken).toBe(first.body.refresh_token)
  const racing = await Promise.all([1, 2, 3].map(() => refreshByForm(world, first.body.refresh_token)))
  expect(new Set(racing.map(({ body }) => body.refresh_token)).size, 'a race converges').toBe(1)

  expectOAuthError(await refreshByForm(world, refreshToken), 400, 'invalid_grant')
  expectOAuthError(await refreshByForm(world, racing[0]?.body.refresh_token), 400, 'invalid_grant')
})

test('an access token that comes along must be of the session, and one must come where the settings say so', async () => {
  const world = await startAuth({ requireAccessTokenOnRefresh: true })
  const session = await signIn(world, 'native')
  const other = await signIn(world, 'native')
  for (const bearer of [other.accessToken, `${session.accessToken}x`, '']) {
    const answer = await refreshByForm(
      world,
      session.refreshToken,
      {},
      { headers: { authorization: `Bearer ${bearer}` } },
    )
    expectOAuthError(answer, 400, 'invalid_grant', bearer)
  }
  expectOAuthError(await refreshByForm(world, session.refreshToken), 400, 'invalid_grant')
  world.clock.now += 3600 * SECOND
  const answer = await refreshByForm(world, session.refreshToken, {}, { bearer: session.accessToken })
  expect(answer.status, 'one that has run out').toBe(200)
})

test('a store that is away is 503 with when to try again; the session is where it was', async () => {
  const world = await startAuth()
  const { refreshToken } = await signIn(world, 'native')
  const giveBack = await takeAway(world.store, 'sessions')
  expectOAuthError(await refreshByForm(world, refreshToken), 503, 'temporarily_unavailable')
  await giveBack()
  await expectAlive(world, 'native', refreshToken)
})

test("a claim that fails is the service's own error, and tells nothing", async () => {
  let fails = false
  const world = await startAuth({
    claims: () => {
      if (fails) throw new Error('select * from secrets')
      return {}
    },
  })
  const { refreshToken } = await signIn(world, 'native')
  fails = true
  const answer = await refreshByForm(world, refreshToken)
  expectOAuthError(answer, 500, 'server_error')
  expect(JSON.stringify(answer.body)).not.toContain('secrets')
})
