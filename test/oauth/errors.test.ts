import { expect, test } from 'vitest'
import { sendRaw } from '../http/raw.ts'
import { expectAlive, signIn } from '../refresh/client.ts'
import { listen, startAuth } from '../support/auth.ts'
import { expectOAuthError, post } from './form.ts'

const PATHS = ['/oauth/token', '/oauth/revoke', '/oauth/introspect']

test('whatever is wrong under /oauth is said in the shape of RFC 6749, with the status of HTTP', async () => {
  const world = await startAuth()
  for (const path of PATHS) {
    const form = { 'content-type': 'application/x-www-form-urlencoded' }
    const large = `token=${'x'.repeat(16_384)}`
    const answers: [Promise<Awaited<ReturnType<typeof post>>>, number][] = [
      [world.send('GET', path), 405],
      [world.send('DELETE', path), 405],
      [world.send('POST', path), 415],
      [world.send('POST', path, { body: { grant_type: 'refresh_token', token: 'x' } }), 415],
      [world.send('POST', path, { body: 'x', headers: { 'content-type': 'text/plain' } }), 415],
      [world.send('POST', path, { body: 'x', headers: { 'content-type': 'multipart/form-data' } }), 415],
      [post(world, path, 'token=x', { headers: { 'content-encoding': 'gzip' } }), 415],
      [
        post(world, path, 'token=x', {
          headers: { 'content-type': `${form['content-type']}; charset=utf-16` },
        }),
        415,
      ],
      [post(world, path, large), 413],
      [post(world, path, 'token=x&token=y'), 400],
      [post(world, path, 'x=1&x=2'), 400],
    ]
    for (const [answer, status] of answers) {
      expectOAuthError(await answer, status, 'invalid_request', `${path} ${status}`)
    }
    const charset = { 'content-type': `${form['content-type']}; charset=UTF-8` }
    const good = await post(world, path, 'token=x&grant_type=x', { headers: charset })
    expect(good.status, path).not.toBe(415)
  }
  expectOAuthError(await world.send('GET', '/oauth/nowhere'), 404, 'invalid_request')
  expectOAuthError(await world.send('POST', '/oauth/token/x'), 404, 'invalid_request')
})

test('a page of another site is refused there too, and changes nothing', async () => {
  const world = await startAuth({ trustedOrigins: ['https://app.example.com'] })
  const { refreshToken } = await signIn(world, 'native')
  const fields = { grant_type: 'refresh_token', refresh_token: refreshToken, token: refreshToken }
  const sites: Record<string, string>[] = [
    { origin: 'https://evil.example' },
    { origin: 'null' },
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-site' },
  ]
  for (const headers of sites) {
    for (const path of PATHS) {
      const answer = await post(world, path, fields, { headers })
      expectOAuthError(answer, 403, 'access_denied', `${path} ${JSON.stringify(headers)}`)
      expect(answer.headers.has('access-control-allow-origin')).toBe(false)
    }
  }
  const newest = await expectAlive(world, 'native', refreshToken)
  const listed = await post(
    world,
    '/oauth/token',
    { ...fields, refresh_token: newest },
    { headers: { origin: 'https://app.example.com' } },
  )
  expect(listed.status).toBe(200)
  expect(listed.headers.get('access-control-allow-origin')).toBe('https://app.example.com')
})

test('NC-03 NC-04 NC-05 NC-07 NC-10: nothing hands out codes, takes redirects or proofs, and nothing says so', async () => {
  const world = await startAuth()
  const { refreshToken } = await signIn(world, 'native')
  const query =
    '?response_type=code&client_id=latchkey-native&redirect_uri=https://evil.example&code_challenge=x'
  for (const path of [
    '/oauth/authorize',
    '/oauth/auth',
    '/oauth/par',
    '/oauth/device',
    '/oauth/register',
    '/oauth/userinfo',
  ]) {
    for (const method of ['GET', 'POST']) {
      const answer = await world.send(method, path + query)
      expectOAuthError(answer, 404, 'invalid_request', path)
      expect(answer.headers.has('location')).toBe(false)
    }
  }
  for (const path of ['oauth-authorization-server', 'openid-configuration']) {
    const { body } = await world.send('GET', `/.well-known/${path}`)
    const announced = Object.keys(body).filter((name) =>
      /authorization_endpoint|code_challenge|dpop|request_object|pushed|device|registration_endpoint|userinfo/.test(
        name,
      ),
    )
    expect(announced, path).toEqual([])
    expect(JSON.stringify(body)).not.toMatch(/authorization_code|implicit|"S256"|"plain"/)
  }
  const code = await post(world, '/oauth/token', {
    grant_type: 'authorization_code',
    code: refreshToken,
    code_verifier: 'x'.repeat(43),
    redirect_uri: 'https://evil.example',
  })
  expectOAuthError(code, 400, 'unsupported_grant_type')
  await expectAlive(world, 'native', refreshToken)
})

test('what is no request to begin with is refused in the same shape, before anything reads it', async () => {
  const world = await startAuth()
  const url = await listen(world.auth)
  const { refreshToken } = await signIn(world, 'native')
  const body = `grant_type=refresh_token&refresh_token=${refreshToken}`
  const heads = [
    ['Authorization: Basic bGF0Y2hrZXktbmF0aXZlOg==', 'Authorization: Basic eDp5'],
    ['Expect: the-unexpected'],
  ]
  for (const lines of heads) {
    const head = [
      'POST /oauth/token HTTP/1.1',
      'Host: localhost',
      'Content-Type: application/x-www-form-urlencoded',
      `Content-Length: ${body.length}`,
      ...lines,
    ]
    const answer = await sendRaw(url, [...head, '', body].join('\r\n'))
    expect([400, 417]).toContain(answer.status)
    expect(answer.headers.get('content-type')).toBe('application/json')
    expect(JSON.parse(answer.body)).toEqual({
      error: 'invalid_request',
      error_description: expect.stringMatching(/^INVALID_REQUEST: /),
    })
  }
  await expectAlive(world, 'native', refreshToken)
})
