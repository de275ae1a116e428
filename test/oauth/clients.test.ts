// Clients that others wrote, with their defaults, over real connections: found by the metadata, and nothing told by hand.
import * as oauth from 'oauth4webapi'
import * as openid from 'openid-client'
import { expect, test } from 'vitest'
import { refresh, refreshTimes, signIn } from '../refresh/client.ts'
import { listen, startAuth, type TestAuth } from '../support/auth.ts'

/** A service whose public origin is the address that it listens on. */
async function startListening(): Promise<TestAuth> {
  let world: TestAuth | undefined
  const url = await listen({
    fetch: async (request, context) => await (world as TestAuth).auth.fetch(request, context),
  })
  world = await startAuth({ url })
  return world
}

const insecure = { execute: [openid.allowInsecureRequests] }

test('openid-client finds the service, refreshes, and is told apart a spent token', async () => {
  const world = await startListening()
  const session = await signIn(world, 'native')
  for (const algorithm of ['oidc', 'oauth2'] as const) {
    const { refreshToken } = await signIn(world, 'native')
    const config = await openid.discovery(new URL(world.url), 'latchkey-native', undefined, undefined, {
      ...insecure,
      algorithm,
    })
    expect(config.serverMetadata().issuer).toBe(world.url)
    const tokens = await openid.refreshTokenGrant(config, refreshToken)
    expect(tokens.token_type).toBe('bearer')
    expect(tokens.expiresIn()).toBeGreaterThan(890)
    const me = await world.send('GET', '/auth/me', { bearer: tokens.access_token })
    expect(me.status).toBe(200)
    const next = await openid.refreshTokenGrant(config, tokens.refresh_token as string)
    expect(next.refresh_token).toMatch(/^lk1_/)

    await expect(openid.refreshTokenGrant(config, refreshToken)).rejects.toMatchObject({
      name: 'ResponseBodyError',
      status: 400,
      error: 'invalid_grant',
      error_description: expect.stringMatching(/^REFRESH_REUSED: /),
    })
    await expect(
      openid.refreshTokenGrant(config, session.refreshToken, { scope: 'openid' }),
    ).rejects.toMatchObject({ error: 'invalid_scope' })
  }
  expect((await refresh(world, 'native', session.refreshToken)).status, 'not spent').toBe(200)

  const stranger = await openid.discovery(new URL(world.url), 'somebody', undefined, openid.None(), insecure)
  await expect(openid.refreshTokenGrant(stranger, session.refreshToken)).rejects.toMatchObject({
    status: 401,
    error: 'invalid_client',
  })
})

test('openid-client revokes and introspects, with each way of saying who asks', async () => {
  const world = await startListening()
  const service = await world.auth.services.create({ name: 'orders' })
  const app = await openid.discovery(
    new URL(world.url),
    'latchkey-native',
    undefined,
    openid.None(),
    insecure,
  )
  const ways = [openid.ClientSecretBasic(service.secret), openid.ClientSecretPost(service.secret), undefined]
  for (const way of ways) {
    const api = await openid.discovery(new URL(world.url), service.id, service.secret, way, insecure)
    const session = await signIn(world, 'native')
    const good = await openid.tokenIntrospection(api, session.accessToken)
    expect(good).toMatchObject({
      active: true,
      sub: session.userId,
      sid: session.sessionId,
      token_type: 'Bearer',
    })
    expect(await openid.tokenIntrospection(api, session.refreshToken)).toEqual({ active: false })

    await openid.tokenRevocation(app, session.accessToken, { token_type_hint: 'access_token' })
    expect(await openid.tokenIntrospection(api, session.accessToken)).toEqual({ active: false })
    const { tokens, last } = await refreshTimes(world, session, 1)
    await openid.tokenRevocation(app, tokens[0] as string)
    const refused = await refresh(world, 'native', last)
    expect(refused.body.error).toBe('SESSION_REVOKED')
  }
  const wrong = await openid.discovery(new URL(world.url), service.id, 'wrong', undefined, insecure)
  await expect(openid.tokenIntrospection(wrong, 'x')).rejects.toMatchObject({ status: 401 })
})

test('oauth4webapi finds the service, refreshes, revokes and introspects', async () => {
  const world = await startListening()
  const http = { [oauth.allowInsecureRequests]: true }
  const issuer = new URL(world.url)
  const server = await oauth.processDiscoveryResponse(
    issuer,
    await oauth.discoveryRequest(issuer, { ...http, algorithm: 'oauth2' }),
  )
  expect(server.grant_types_supported).toEqual(['refresh_token'])
  const app: oauth.Client = { client_id: 'latchkey-native' }
  const { refreshToken, sessionId } = await signIn(world, 'native')
  const grant = async (token: string) =>
    await oauth.processRefreshTokenResponse(
      server,
      app,
      await oauth.refreshTokenGrantRequest(server, app, oauth.None(), token, http),
    )
  const tokens = await grant(refreshToken)
  expect(tokens).toMatchObject({ token_type: 'bearer', expires_in: 900 })

  const service = await world.auth.services.create({ name: 'orders' })
  const api: oauth.Client = { client_id: service.id }
  const introspect = async (way: oauth.ClientAuth) =>
    await oauth.processIntrospectionResponse(
      server,
      api,
      await oauth.introspectionRequest(server, api, way, tokens.access_token, http),
    )
  const ways = [oauth.ClientSecretBasic(service.secret), oauth.ClientSecretPost(service.secret)]
  for (const way of ways) expect(await introspect(way)).toMatchObject({ active: true, sid: sessionId })
  await expect(introspect(oauth.ClientSecretBasic('wrong'))).rejects.toMatchObject({ status: 401 })

  const revocation = await oauth.revocationRequest(
    server,
    app,
    oauth.None(),
    tokens.refresh_token as string,
    http,
  )
  expect(await oauth.processRevocationResponse(revocation)).toBeUndefined()
  for (const way of ways) expect(await introspect(way)).toEqual({ active: false })
  await expect(grant(tokens.refresh_token as string)).rejects.toMatchObject({
    error: 'invalid_grant',
    error_description: expect.stringMatching(/^SESSION_REVOKED: /),
  })
})
