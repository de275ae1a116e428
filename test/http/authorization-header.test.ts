import { expect, test } from 'vitest'
import { startAuth } from '../support/auth.ts'
import { AUTH_ENDPOINTS } from './endpoints.ts'

const PROTECTED = [
  ...AUTH_ENDPOINTS.filter(({ bearer }) => bearer === 'required'),
  { method: 'GET' as const, path: '/dev/api/time' },
  { method: 'POST' as const, path: '/dev/expired-token' },
]

async function startWorld() {
  const world = await startAuth({ developmentHelpers: true })
  return { ...world, session: await world.signUp('native', 'ada@example.com') }
}

test('JV-41: without credentials the answer is a challenge that names no error', async () => {
  const world = await startWorld()
  for (const { method, path } of PROTECTED) {
    for (const headers of [
      {},
      { authorization: '' },
      { authorization: 'Basic YTpi' },
      { authorization: 'Bearer-x' },
    ]) {
      const answer = await world.send(method, path, {
        headers: { 'content-type': 'application/json', ...(headers as Record<string, string>) },
        ...(method === 'POST' ? { body: '{}' } : {}),
      })
      const name = `${method} ${path} ${JSON.stringify(headers)}`
      expect([answer.status, answer.body.error], name).toEqual([401, 'TOKEN_MISSING'])
      expect(answer.headers.get('www-authenticate'), name).toBe('Bearer realm="latchkey"')
    }
  }
})

test('JV-39: an Authorization header that is no good token is answered 401, in whatever way it is malformed', async () => {
  const world = await startWorld()
  const { accessToken } = world.session
  const malformed = [
    'Bearer',
    'Bearer ',
    'bearer',
    'Bearer  x',
    'bearer x',
    'BEARER x',
    'Bearer a b',
    `Bearer ${accessToken} x`,
    `Bearer ${accessToken}, Bearer ${accessToken}`,
    `Bearer, ${accessToken}`,
    `Bearer="${accessToken}"`,
    `Bearer token=${accessToken}`,
    `Bearer\t${accessToken}`,
    `Bearer: ${accessToken}`,
    `Bearer${accessToken}`,
    `Token ${accessToken}`,
    `Basic ${accessToken}`,
    `Basic ${Buffer.from(`${accessToken}:`).toString('base64')}`,
    `DPoP ${accessToken}`,
    `MAC id="${accessToken}"`,
    `"Bearer" ${accessToken}`,
    `Bearer "${accessToken}"`,
    accessToken,
    `Bearer ${Buffer.from('ä🔑').toString('latin1')}`,
    'Bearer undefined',
    'Bearer null',
    'Bearer [object Object]',
    'Bearer ..',
    'Bearer %00',
    'B'.repeat(5_000),
    `Bearer ${'a'.repeat(100_000)}`,
    `Bearer ${'a.'.repeat(50_000)}`,
    `Bearer ${' '.repeat(10_000)}x`,
    `Bearer ${world.session.refreshToken}`,
  ]
  for (const authorization of malformed) {
    for (const { method, path } of PROTECTED) {
      const answer = await world.send(method, path, {
        headers: { authorization, 'content-type': 'application/json' },
        ...(method === 'POST' ? { body: '{}' } : {}),
      })
      const name = `${JSON.stringify(authorization.slice(0, 60))} at ${path}`
      expect(answer.status, name).toBe(401)
      expect(['TOKEN_MISSING', 'TOKEN_INVALID'], name).toContain(answer.body.error)
      expect(answer.headers.get('www-authenticate'), name).toMatch(/^Bearer realm="latchkey"/)
    }
  }
  expect(world.errors).toEqual([])
})

test('JV-39: the scheme may be written in any case, with any number of spaces', async () => {
  const world = await startWorld()
  for (const scheme of ['Bearer ', 'bearer ', 'BEARER ', 'bEaReR ', 'Bearer    ']) {
    const { status } = await world.send('GET', '/auth/me', {
      headers: { authorization: scheme + world.session.accessToken },
    })
    expect(status, JSON.stringify(scheme)).toBe(200)
  }
})

test('JV-40: an access token counts in the Authorization header alone, and one in the address spoils the request', async () => {
  const world = await startWorld()
  const other = await world.signUp('native')
  const names = ['access_token', 'accessToken', 'token', 'refresh_token', 'refreshToken']
  for (const { method, path } of PROTECTED) {
    for (const name of names) {
      for (const bearer of [undefined, world.session.accessToken]) {
        const answer = await world.send(method, `${path}?x=1&${name}=${other.accessToken}`, {
          ...(bearer === undefined ? {} : { bearer }),
          ...(method === 'POST' ? { body: {} } : {}),
        })
        expect([answer.status, answer.body.error], `${path}?${name}`).toEqual([400, 'INVALID_REQUEST'])
      }
    }
  }
  const elsewhere: Record<string, string>[] = [
    { cookie: `access_token=${other.accessToken}; accessToken=${other.accessToken}` },
    { 'x-access-token': other.accessToken },
    { 'x-authorization': `Bearer ${other.accessToken}` },
    { 'proxy-authorization': `Bearer ${other.accessToken}` },
  ]
  for (const headers of elsewhere) {
    expect((await world.send('GET', '/auth/me', { headers })).body.error).toBe('TOKEN_MISSING')
    const mine = await world.send('GET', '/auth/me', { headers, bearer: world.session.accessToken })
    expect(mine.body.user.email).toBe('ada@example.com')
  }
  const form = await world.send('POST', '/auth/password/change', {
    body: `access_token=${other.accessToken}`,
    bearer: world.session.accessToken,
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
  })
  expect(form.status).toBe(415)
  const inBody = await world.send('POST', '/auth/password/change', {
    body: { access_token: other.accessToken },
  })
  expect(inBody.body.error).toBe('TOKEN_MISSING')
})

test('RR-12: an access token refreshes nothing, a refresh token opens nothing', async () => {
  const world = await startWorld()
  const { accessToken, refreshToken } = world.session
  const attempts = [
    await world.send('POST', '/auth/refresh', { body: { refreshToken: accessToken } }),
    await world.send('POST', '/auth/refresh', { cookie: accessToken }),
  ]
  for (const { status, body } of attempts) expect([status, body.error]).toEqual([401, 'REFRESH_INVALID'])
  expect((await world.send('GET', '/auth/me', { bearer: refreshToken })).body.error).toBe('TOKEN_INVALID')
  expect((await world.send('POST', '/auth/refresh', { body: { refreshToken } })).status).toBe(200)
})
