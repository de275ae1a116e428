import { authorize, requireRecentLogin, requireRoles, requireScope } from '@latchkey/verifier'
import { describe, expect, test } from 'vitest'
import { claims, mint, NOW } from '../../packages/verifier/src/testing/issuer.ts'
import { APPS } from './apps.ts'
import { refusalOf, startWorld, type World } from './world.ts'

describe.each(APPS)('behind %s', (_, start) => {
  test('a route for roles opens to who has each of them', async () => {
    const world = await startWorld(start)
    const call = (path: string, roles: unknown) => world.call(path, mint(world.key, { claims: { roles } }))
    expect((await call('/admin', ['user', 'admin'])).status).toBe(200)
    expect((await call('/audit', ['auditor', 'admin'])).status).toBe(200)

    for (const roles of [[], ['user'], ['Admin'], ['admin '], ['administrator'], undefined]) {
      expectForbidden(await call('/admin', roles), JSON.stringify(roles))
    }
    expectForbidden(await call('/audit', ['admin']), 'one of two')
    expect(world.ran).toHaveLength(2)
  })

  test('JV-42: a token without the needed scope is 403, and the challenge names the scope', async () => {
    const world = await startWorld(start)
    const call = (path: string, scope?: unknown) => world.call(path, mint(world.key, { claims: { scope } }))
    expect((await call('/read', 'orders:read')).status).toBe(200)
    expect((await call('/write', 'openid orders:write orders:read')).status).toBe(200)

    for (const scope of [undefined, '', 'orders', 'orders:reader', 'ORDERS:READ', ['orders:read'], null, 7]) {
      const answer = await call('/read', scope)
      expectForbidden(answer, JSON.stringify(scope))
      expect(answer.headers.get('www-authenticate')).toContain('scope="orders:read"')
    }
    const half = await call('/write', 'orders:read')
    expectForbidden(half, 'one of two')
    expect(half.headers.get('www-authenticate')).toContain('scope="orders:read orders:write"')
    expect(world.ran).toHaveLength(2)
  })

  test('a route for a recent sign-in asks for another one when the last is too long ago', async () => {
    const world = await startWorld(start)
    const call = (auth_time: unknown) => world.call('/recent', mint(world.key, { claims: { auth_time } }))
    expect((await call(NOW)).status).toBe(200)
    expect((await call(NOW - 300)).status).toBe(200)

    // By clocks that differ a little, a sign-in may lie ahead. One that lies far ahead would be recent for ever.
    expect((await call(NOW + 300)).status).toBe(200)
    for (const time of [NOW - 301, 0, undefined, NOW + 301, NOW * 1000, 1e300])
      expectStale(await call(time), String(time))

    const token = mint(world.key)
    expect((await world.call('/recent', token)).status).toBe(200)
    world.clock.now += 301
    expectStale(await world.call('/recent', token), 'grown old')
    expect(world.ran).toHaveLength(4)
  })

  test('requirements are looked at in the order in which they stand, and each has to be met', async () => {
    const world = await startWorld(start)
    const call = (roles: string[], auth_time: number) =>
      world.call('/recent-admin', mint(world.key, { claims: { roles, auth_time } }))
    expect((await call(['user'], 0)).status).toBe(403)
    expect((await call(['admin'], 0)).status).toBe(401)
    expect((await call(['user'], NOW)).status).toBe(403)
    expect((await call(['admin'], NOW)).status).toBe(200)
    expect(world.ran).toHaveLength(1)
  })
})

test('a requirement that would ask for nothing, or for what cannot be, is a TypeError when the route is made', () => {
  const mistakes = [
    () => requireRoles(),
    () => requireRoles('admin', ''),
    () => requireRoles(7 as never),
    () => requireScope(),
    () => requireScope(''),
    () => requireScope('orders:read orders:write'),
    () => requireScope('a"b'),
    () => requireScope('a\r\nSet-Cookie: b'),
    () => requireScope(['orders:read'] as never),
    () => requireRecentLogin(0),
    () => requireRecentLogin(1.5),
    () => requireRecentLogin(Number.NaN),
    () => requireRecentLogin('300' as never),
    () => requireRecentLogin(300, { now: 7 as never }),
  ]
  for (const mistake of mistakes) expect(mistake, String(mistake)).toThrow(TypeError)
})

test('a requirement that answers anything but a refusal or nothing is a fault, and opens no route', async () => {
  const verifier = { verify: async () => claims() as never }
  const request = { authorization: 'Bearer a.b.c', url: '/orders' }
  for (const answer of [false, true, null, '', 403, {}, Promise.resolve(undefined)]) {
    await expect(
      authorize(verifier, request, () => answer as never),
      String(answer),
    ).rejects.toThrow(TypeError)
  }
  await expect(authorize(verifier, request, requireRoles as never)).rejects.toThrow(TypeError)
})

test('what happens to the list of roles after the route is made changes nothing', () => {
  const roles = ['admin']
  const requirement = requireRoles(...roles)
  roles.pop()
  expect(requirement(claims({ roles: ['user'] }) as never)?.status).toBe(403)
})

function expectForbidden(answer: Awaited<ReturnType<World['call']>>, name: string): void {
  expect([answer.status, refusalOf(answer, name)], name).toEqual([403, 'FORBIDDEN'])
  expect(answer.headers.get('www-authenticate'), name).toMatch(
    /^Bearer realm="latchkey", error="insufficient_scope"/,
  )
}

/** RFC 9470 §3 */
function expectStale(answer: Awaited<ReturnType<World['call']>>, name: string): void {
  expect([answer.status, refusalOf(answer, name)], name).toEqual([401, 'FORBIDDEN'])
  expect(answer.headers.get('www-authenticate'), name).toMatch(
    /^Bearer realm="latchkey", error="insufficient_user_authentication", .*max_age="300"$/,
  )
}
