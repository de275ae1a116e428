import { expect, test } from 'vitest'
import { startAuth, type TestAuth } from '../support/auth.ts'
import { decode } from './forge.ts'

const METADATA = ['/.well-known/oauth-authorization-server', '/.well-known/openid-configuration']

test('KM-13: the issuer of the metadata, of the tokens and of the settings is one and the same text', async () => {
  const origins = [
    'https://auth.example.com',
    'https://auth.example.com:8443',
    'http://localhost:3000',
    'https://xn--bcher-kva.example',
  ]
  for (const url of origins) {
    const world = await startAuth({ url })
    const { accessToken } = await world.signUp('native')
    expect(decode(accessToken.split('.')[1] as string).iss).toBe(url)
    expect(decode(accessToken.split('.')[1] as string).aud).toBe(url)
    for (const path of METADATA) {
      const { status, body } = await world.send('GET', path)
      expect([status, body.issuer, body.jwks_uri]).toEqual([200, url, `${url}/.well-known/jwks.json`])
    }
  }
})

test('KM-13: a slash at the end of the configured origin is no part of it', async () => {
  const world = await startAuth({ url: 'https://auth.example.com/' })
  const metadata = await world.auth.fetch(new Request(`https://auth.example.com${METADATA[0]}`))
  expect(((await metadata.json()) as { issuer: string }).issuer).toBe('https://auth.example.com')
})

test('KM-13: both metadata documents say the same, and every address in them is answered', async () => {
  const world = await startAuth()
  const [oauth, openid] = await Promise.all(METADATA.map((path) => world.send('GET', path)))
  expect(openid?.body).toEqual(oauth?.body)
  const keys = await world.auth.fetch(new Request(oauth?.body.jwks_uri))
  expect(keys.status).toBe(200)
  const { accessToken } = await world.signUp('native')
  const { alg } = decode(accessToken.split('.')[0] as string)
  expect(oauth?.body.id_token_signing_alg_values_supported).toContain(alg)
})

test('the metadata names the standard endpoints, how to say who asks there, and no grant but refreshing', async () => {
  const { send, url } = await startAuth()
  const { body } = await send('GET', METADATA[0] as string)
  expect(body).toMatchObject({
    token_endpoint: `${url}/oauth/token`,
    token_endpoint_auth_methods_supported: ['none'],
    revocation_endpoint: `${url}/oauth/revoke`,
    revocation_endpoint_auth_methods_supported: ['none'],
    introspection_endpoint: `${url}/oauth/introspect`,
    introspection_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post'],
    grant_types_supported: ['refresh_token'],
    response_types_supported: [],
  })
  for (const name of ['token', 'revocation', 'introspection']) {
    const { status, headers } = await send('OPTIONS', new URL(body[`${name}_endpoint`]).pathname)
    expect([status, headers.get('allow')], name).toEqual([204, 'POST, OPTIONS'])
  }
})

test('KM-01: the key set holds public members only, for anybody, and may be kept for five minutes', async () => {
  const members: Record<string, string[]> = {
    ES256: ['crv', 'x', 'y'],
    EdDSA: ['crv', 'x'],
    RS256: ['e', 'n'],
  }
  for (const signingAlgorithm of ['ES256', 'EdDSA', 'RS256'] as const) {
    const world = await startAuth({ signingAlgorithm })
    const { status, headers, body } = await world.send('GET', '/.well-known/jwks.json')
    expect([status, headers.get('content-type')]).toEqual([200, 'application/jwk-set+json'])
    expect(headers.get('cache-control')).toBe('public, max-age=300')
    expect(headers.get('access-control-allow-origin')).toBe('*')
    expect(body.keys).toHaveLength(1)
    for (const key of body.keys) {
      const own = ['alg', 'kid', 'kty', 'use', ...(members[signingAlgorithm] as string[])]
      expect(Object.keys(key).toSorted()).toEqual(own.toSorted())
      expect(key).toMatchObject({ alg: signingAlgorithm, use: 'sig' })
      expect(key.kid).toMatch(/^[A-Za-z][A-Za-z0-9_-]+$/)
    }
    const { header, accessToken } = await firstToken(world)
    expect(header).toEqual({ alg: signingAlgorithm, typ: 'at+jwt', kid: body.keys[0].kid })
    expect((await world.send('GET', '/auth/me', { bearer: accessToken })).status).toBe(200)
  }
})

test('an access token says what RFC 9068 asks for, in whole seconds', async () => {
  const world = await startAuth({ audience: ['https://api.example.com', 'https://other.example.com'] })
  world.clock.now = Date.UTC(2026, 0, 1, 12, 0, 0, 999)
  const { accessToken, userId, sessionId } = await world.signUp('native')
  const claims = decode(accessToken.split('.')[1] as string)
  expect(claims).toEqual({
    iss: 'http://localhost:3000',
    sub: userId,
    aud: ['https://api.example.com', 'https://other.example.com'],
    exp: Date.UTC(2026, 0, 1, 12, 15) / 1000,
    iat: Date.UTC(2026, 0, 1, 12) / 1000,
    jti: expect.stringMatching(/^[0-9a-f-]{36}$/),
    client_id: 'latchkey-native',
    sid: sessionId,
    roles: [],
    auth_time: Date.UTC(2026, 0, 1, 12) / 1000,
    amr: ['pwd'],
  })
})

test('claims that an application adds never replace the ones of the service', async () => {
  const world = await startAuth({
    claims: ({ email }) => ({
      plan: 'free',
      email,
      sub: 'somebody else',
      exp: 1,
      roles: ['admin'],
      iss: 'https://evil.example',
    }),
  })
  const { accessToken, userId, email } = await world.signUp('browser')
  const claims = decode(accessToken.split('.')[1] as string)
  expect(claims).toMatchObject({ plan: 'free', email, sub: userId, roles: [], iss: world.url })
  expect((await world.send('GET', '/auth/me', { bearer: accessToken })).status).toBe(200)
})

test('an issuer that must serve old verifiers may call its tokens JWT', async () => {
  const world = await startAuth({ accessTokenType: 'JWT' })
  const { header, accessToken } = await firstToken(world)
  expect(header.typ).toBe('JWT')
  expect((await world.send('GET', '/auth/me', { bearer: accessToken })).status).toBe(200)
})

async function firstToken(world: TestAuth) {
  const { accessToken } = await world.signUp('native')
  return { accessToken, header: decode(accessToken.split('.')[0] as string) }
}
