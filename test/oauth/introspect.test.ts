import { expect, test } from 'vitest'
import { decode } from '../http/forge.ts'
import { refresh, SECOND, signIn } from '../refresh/client.ts'
import { startAuth, type TestAuth } from '../support/auth.ts'
import { takeAway } from '../support/stores/look.ts'
import { basic, expectOAuthError, post } from './form.ts'

interface Registered {
  id: string
  secret: string
}

async function introspect(world: TestAuth, { id, secret }: Registered, token: string) {
  return await post(world, '/oauth/introspect', { token }, { headers: basic(id, secret) })
}

test('a registered service is told all claims of a good access token, and nothing more', async () => {
  const world = await startAuth({ claims: () => ({ plan: 'pro', active: false, token_type: 'x' }) })
  const service = await world.auth.services.create({ name: 'orders' })
  const session = await signIn(world, 'native')
  const { status, body, headers } = await introspect(world, service, session.accessToken)
  const claims = decode(session.accessToken.split('.')[1] as string)
  expect(status).toBe(200)
  expect(body).toEqual({ ...claims, active: true, token_type: 'Bearer' })
  expect(body).toMatchObject({ sub: session.userId, sid: session.sessionId, plan: 'pro' })
  expect(JSON.stringify(body)).not.toContain(session.email)
  expect([headers.get('content-type'), headers.get('cache-control')]).toEqual([
    'application/json',
    'no-store',
  ])

  const byForm = await post(world, '/oauth/introspect', {
    token: session.accessToken,
    token_type_hint: 'refresh_token',
    client_id: service.id,
    client_secret: service.secret,
  })
  expect(byForm.body.active).toBe(true)
})

test('LO-01: a session that has ended, and a token that was revoked, are inactive at once', async () => {
  const world = await startAuth()
  const service = await world.auth.services.create({ name: 'orders' })
  const ended = await signIn(world, 'native')
  const revoked = await signIn(world, 'browser')
  for (const { accessToken } of [ended, revoked]) {
    expect((await introspect(world, service, accessToken)).body.active).toBe(true)
  }
  await world.send('POST', '/auth/logout', { body: { refreshToken: ended.refreshToken } })
  await post(world, '/oauth/revoke', { token: revoked.accessToken })
  for (const { accessToken } of [ended, revoked]) {
    const { status, body } = await introspect(world, service, accessToken)
    expect([status, body]).toEqual([200, { active: false }])
  }
})

test('LO-11: all that is no good access token is inactive, in the same words', async () => {
  const world = await startAuth()
  const elsewhere = await signIn(await startAuth(), 'native')
  const service = await world.auth.services.create({ name: 'orders' })
  const session = await signIn(world, 'native')
  const [header, payload, signature] = session.accessToken.split('.') as [string, string, string]
  const none = Buffer.from('{"alg":"none","typ":"at+jwt"}').toString('base64url')
  const tokens = [
    session.refreshToken,
    'garbage',
    ' ',
    service.secret,
    elsewhere.accessToken,
    `${header}.${payload}.`,
    `${none}.${payload}.`,
    `${header}.${payload}.${signature.toLowerCase()}`,
    `${session.accessToken} `,
  ]
  for (const token of tokens) {
    const { status, body } = await introspect(world, service, token)
    expect([status, body], token).toEqual([200, { active: false }])
  }
  world.clock.now += 906 * SECOND
  expect((await introspect(world, service, session.accessToken)).body, 'expired').toEqual({ active: false })
})

test('LO-11: nobody asks but registered services, by their own credentials; a GET is 405', async () => {
  const world = await startAuth()
  const service = await world.auth.services.create({ name: 'orders' })
  const other = await world.auth.services.create({ name: 'gateway' })
  const { accessToken: token } = await signIn(world, 'native')
  const headers: Record<string, string>[] = [
    {},
    { authorization: `Bearer ${token}` },
    { authorization: 'Basic' },
    basic(service.id, ''),
    basic(service.id, other.secret),
    basic(service.id, `${service.secret}x`),
    basic(service.name, service.secret),
    basic('svc_unknown', service.secret),
    basic('latchkey-native', ''),
    { authorization: basic(service.id, service.secret).authorization.slice(0, -2) },
  ]
  for (const header of headers) {
    const answer = await post(world, '/oauth/introspect', { token }, { headers: header })
    expectOAuthError(answer, 401, 'invalid_client', JSON.stringify(header))
    expect(answer.headers.get('www-authenticate')).toBe('Basic realm="latchkey"')
    const empty = await post(world, '/oauth/introspect', {}, { headers: header })
    expectOAuthError(empty, 401, 'invalid_client', 'who asks is checked first')
  }
  const halves: Record<string, string>[] = [{ client_id: service.id }, { client_secret: service.secret }]
  for (const fields of halves) {
    const answer = await post(world, '/oauth/introspect', { token, ...fields })
    expectOAuthError(answer, 401, 'invalid_client')
  }
  const both = await post(
    world,
    '/oauth/introspect',
    { token, client_id: service.id, client_secret: service.secret },
    { headers: basic(service.id, service.secret) },
  )
  expectOAuthError(both, 400, 'invalid_request')
  const nothing = await post(world, '/oauth/introspect', {}, { headers: basic(service.id, service.secret) })
  expectOAuthError(nothing, 400, 'invalid_request')

  const get = await world.send('GET', '/oauth/introspect', { headers: basic(service.id, service.secret) })
  expectOAuthError(get, 405, 'invalid_request')
  expect(get.headers.get('allow')).toBe('POST, OPTIONS')
})

test('a service that was removed is refused at once', async () => {
  const world = await startAuth()
  const service = await world.auth.services.create({ name: 'orders' })
  const { accessToken } = await signIn(world, 'native')
  expect((await introspect(world, service, accessToken)).status).toBe(200)
  await world.auth.services.remove(service.id)
  expectOAuthError(await introspect(world, service, accessToken), 401, 'invalid_client')
})

test('LO-12: a service that answers for one audience hears of no token of another', async () => {
  const audience = ['https://api.example.com', 'https://other.example.com']
  const world = await startAuth({ audience })
  const { accessToken } = await signIn(world, 'native')
  const activeFor = async (own?: string) => {
    const service = await world.auth.services.create({
      name: 'x',
      ...(own === undefined ? {} : { audience: own }),
    })
    return (await introspect(world, service, accessToken)).body
  }
  for (const own of [undefined, ...audience]) expect((await activeFor(own)).active, own).toBe(true)
  for (const own of [
    'https://api.example.com/',
    'https://api.example',
    'HTTPS://API.EXAMPLE.COM',
    world.url,
  ]) {
    expect(await activeFor(own), own).toEqual({ active: false })
  }
})

test('a store that is away is 503, never inactive', async () => {
  const world = await startAuth()
  const service = await world.auth.services.create({ name: 'orders' })
  const { accessToken, refreshToken } = await signIn(world, 'native')
  for (const table of ['sessions', 'services']) {
    const giveBack = await takeAway(world.store, table)
    expectOAuthError(await introspect(world, service, accessToken), 503, 'temporarily_unavailable', table)
    await giveBack()
  }
  const { body } = await refresh(world, 'native', refreshToken)
  expect((await introspect(world, service, body.accessToken)).body.active).toBe(true)
})
