import { describe, expect, test } from 'vitest'
import { mint } from '../../packages/verifier/src/testing/issuer.ts'
import { sendRaw } from '../http/raw.ts'
import { APPS } from './apps.ts'
import { refusalOf, startWorld, type World } from './world.ts'

describe.each(APPS)('behind %s', (_, start) => {
  test('JV-41: without credentials the answer is a challenge that names no error', async () => {
    const world = await startWorld(start)
    for (const authorization of [undefined, 'Basic YTpi', 'Bearer-x y', 'DPoP x', mint(world.key)]) {
      const headers: Record<string, string> = authorization === undefined ? {} : { authorization }
      const answer = await world.call('/orders', undefined, { headers })
      const name = String(authorization)
      expect([answer.status, refusalOf(answer, name)], name).toEqual([401, 'TOKEN_MISSING'])
      expect(answer.headers.get('www-authenticate'), name).toBe('Bearer realm="latchkey"')
    }
    expect(world.ran).toEqual([])
  })

  test('JV-39: the scheme may be written in any case, with any number of spaces', async () => {
    const world = await startWorld(start)
    const schemes = ['Bearer ', 'bearer ', 'BEARER ', 'bEaReR ', 'Bearer  ', `Bearer${' '.repeat(50)}`]
    for (const scheme of schemes) {
      const authorization = scheme + mint(world.key)
      const { status } = await world.call('/orders', undefined, { headers: { authorization } })
      expect(status, JSON.stringify(scheme)).toBe(200)
    }
    expect(world.ran).toHaveLength(schemes.length)
  })

  test('JV-39: an Authorization header that is no good token is refused, in whatever way it is malformed', async () => {
    const world = await startWorld(start)
    const token = mint(world.key)
    const wanted: Record<string, [number, string]> = {
      Bearer: [400, 'INVALID_REQUEST'],
      'bearer ': [400, 'INVALID_REQUEST'],
      'Bearer x': [401, 'TOKEN_INVALID'],
      'Bearer  x': [401, 'TOKEN_INVALID'],
      'Bearer a b': [401, 'TOKEN_INVALID'],
      [`Bearer ${token} x`]: [401, 'TOKEN_INVALID'],
      [`Bearer ${token},`]: [401, 'TOKEN_INVALID'],
      [`Bearer "${token}"`]: [401, 'TOKEN_INVALID'],
      [`Bearer Bearer ${token}`]: [401, 'TOKEN_INVALID'],
      'Bearer ..': [401, 'TOKEN_INVALID'],
      'Bearer null': [401, 'TOKEN_INVALID'],
      'Bearer \u00e4\u00f6': [401, 'TOKEN_INVALID'],
      [`Bearer ${'a.'.repeat(6000)}`]: [401, 'TOKEN_INVALID'],
      [`Bearer ${' '.repeat(5000)}x`]: [401, 'TOKEN_INVALID'],
      [`Bearer, ${token}`]: [401, 'TOKEN_MISSING'],
      [`Bearer="${token}"`]: [401, 'TOKEN_MISSING'],
      [`Bearer\t${token}`]: [401, 'TOKEN_MISSING'],
      [`Bearer${token}`]: [401, 'TOKEN_MISSING'],
      [`Token ${token}`]: [401, 'TOKEN_MISSING'],
      [`Basic ${token}`]: [401, 'TOKEN_MISSING'],
    }
    const got: Record<string, [number, string]> = {}
    for (const authorization of Object.keys(wanted)) {
      const answer = await world.call('/orders', undefined, { headers: { authorization } })
      got[authorization] = [answer.status, refusalOf(answer, authorization)]
      expect(answer.headers.get('www-authenticate'), authorization).toMatch(/^Bearer realm="latchkey"/)
      expect(answer.text, authorization).not.toContain(token)
    }
    expect(got).toEqual(wanted)
    expect([world.ran, world.faults]).toEqual([[], []])
  })

  test('JV-39: a doubled Authorization header is refused, whatever the two hold', async () => {
    const world = await startWorld(start)
    const good = `Bearer ${mint(world.key)}`
    const pairs = [
      [good, good],
      [good, 'Bearer x'],
      [good, 'Basic YTpi'],
      ['Basic YTpi', good],
      ['Bearer x', good],
      ['Basic YTpi', 'bearer'],
    ]
    for (const [first, second] of pairs) {
      const { status, body, headers } = await sendRaw(
        world.url,
        `GET /orders HTTP/1.1\r\nHost: localhost\r\nAuthorization: ${first}\r\nauthorization: ${second}\r\n\r\n`,
      )
      expect([status, JSON.parse(body).error], `${first} and ${second}`).toEqual([400, 'INVALID_REQUEST'])
      expect(headers.get('www-authenticate')).toMatch(/^Bearer realm="latchkey", error="invalid_request"/)
    }
    expect([world.ran, world.faults]).toEqual([[], []])
  })

  test('JV-39: an endless Authorization header is 431, and the app lives on', async () => {
    const world = await startWorld(start)
    for (const authorization of [`Bearer ${'a'.repeat(100_000)}`, `Bearer ${mint(world.key, endless())}`]) {
      const { status } = await sendRaw(
        world.url,
        `GET /orders HTTP/1.1\r\nHost: localhost\r\nAuthorization: ${authorization}\r\n\r\n`,
      )
      expect(status).toBe(431)
    }
    expect((await world.call('/orders', mint(world.key))).status).toBe(200)
  })

  test('JV-40: a token in the address is refused, whatever else came along', async () => {
    const world = await startWorld(start)
    const good = mint(world.key)
    const queries = [
      `access_token=${good}`,
      `x=1&access_token=${good}`,
      `access%5Ftoken=${good}`,
      'access_token',
    ]
    for (const query of queries) {
      for (const token of [undefined, good]) {
        await expectMisplaced(world, await world.call(`/orders?${query}`, token), query)
      }
    }
    expect(world.ran).toEqual([])
    const harmless = await world.call('/orders?token=1&my_access_token=2#access_token=3', good)
    expect(harmless.status, 'parameters of the API').toBe(200)
  })

  test('JV-40: a token anywhere else opens nothing', async () => {
    const world = await startWorld(start)
    const good = mint(world.key)
    const places: Record<string, string>[] = [
      { cookie: `access_token=${good}` },
      { 'x-access-token': good },
      { 'proxy-authorization': `Bearer ${good}` },
      { 'x-authorization': `Bearer ${good}` },
    ]
    for (const headers of places) {
      const answer = await world.call('/orders', undefined, { headers })
      expect([answer.status, refusalOf(answer, JSON.stringify(headers))]).toEqual([401, 'TOKEN_MISSING'])
    }
    const form = await world.call('/orders', undefined, {
      method: 'POST',
      body: new URLSearchParams({ access_token: good }),
    })
    expect([400, 401]).toContain(form.status)
    expect(world.ran).toEqual([])
  })
})

// Hono and node:http leave the body unread until a handler asks for it.
describe.each(APPS.filter(([name]) => name === 'Express' || name === 'Fastify'))('behind %s', (_, start) => {
  test('JV-40: a token in a form is refused beside the one in the header', async () => {
    const world = await startWorld(start)
    const good = mint(world.key)
    const post = (body: URLSearchParams | string, headers: Record<string, string> = {}) =>
      world.call('/orders', good, { method: 'POST', body, headers })
    const other = mint(world.key, { claims: { sub: 'somebody-else' } })

    await expectMisplaced(world, await post(new URLSearchParams({ x: '1', access_token: other })), 'form')
    expect(world.ran).toEqual([])

    const json = JSON.stringify({ access_token: 'of another service, handed over' })
    expect((await post(json, { 'content-type': 'application/json' })).status, 'JSON is the API`s own').toBe(
      200,
    )
    expect((await post(new URLSearchParams({ x: '1' }))).status).toBe(200)
    expect(world.ran).toEqual(['user-1', 'user-1'])
  })
})

async function expectMisplaced(world: World, answer: Awaited<ReturnType<World['call']>>, name: string) {
  expect([answer.status, refusalOf(answer, name)], name).toEqual([400, 'INVALID_REQUEST'])
  expect(answer.headers.get('www-authenticate'), name).toMatch(/error="invalid_request"/)
  expect(world.faults, name).toEqual([])
}

/** JV-14: with a key id of 64 KiB. */
function endless() {
  return { header: { kid: 'k'.repeat(65_536) } }
}
