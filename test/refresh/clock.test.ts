import { createVerifier } from '@latchkey/verifier'
import { describe, expect, test } from 'vitest'
import { startAuth } from '../support/auth.ts'
import {
  DAY,
  expectAlive,
  expectRefused,
  newKey,
  refresh,
  refreshTimes,
  restart,
  SECOND,
  signIn,
} from './client.ts'

describe('a verifier with a clock of its own (CK-01)', () => {
  test.each([
    ['5 s ahead of', 5, 'accepted', 'accepted'],
    ['5 s behind', -5, 'accepted', 'accepted'],
    ['30 s ahead of', 30, 'accepted', 'TOKEN_EXPIRED'],
    ['30 s behind', -30, 'TOKEN_INVALID', 'accepted'],
    ['5 min ahead of', 300, 'accepted', 'TOKEN_EXPIRED'],
    ['5 min behind', -300, 'TOKEN_INVALID', 'accepted'],
  ])(
    '%s the service: a fresh token and one at its end are taken within the leeway of 5 s, and no further',
    async (_, off, fresh, ending) => {
      const world = await startAuth()
      world.clock.now = Math.ceil(world.clock.now / SECOND) * SECOND
      const { accessToken } = await signIn(world, 'native')
      const keys = await world.send('GET', '/.well-known/jwks.json')
      const verifier = createVerifier({
        issuer: world.url,
        audience: world.url,
        jwks: keys.body,
        now: () => world.clock.now + off * SECOND,
      })
      const verdict = () =>
        verifier.verify(accessToken).then(
          () => 'accepted',
          ({ code }) => code,
        )
      expect(await verdict()).toBe(fresh)
      world.clock.now += 900 * SECOND - 1
      expect(await verdict()).toBe(ending)
    },
  )
})

describe('a clock that jumps (CK-03)', () => {
  test('30 days forward ends only the sessions that somebody presents then; the others live on when it is back', async () => {
    const world = await startAuth()
    const start = world.clock.now
    const [presented, silent] = [await signIn(world, 'native'), await signIn(world, 'native')]
    world.clock.now = start + 30 * DAY
    expectRefused(await refresh(world, 'native', presented.refreshToken), 401, 'REFRESH_EXPIRED')
    const meanwhile = await signIn(world, 'native')

    world.clock.now = start + SECOND
    expectRefused(await refresh(world, 'native', presented.refreshToken), 401, 'REFRESH_EXPIRED')
    await expectAlive(world, 'native', silent.refreshToken)
    await expectAlive(world, 'native', meanwhile.refreshToken)
  })

  test.each([
    ['a second', SECOND],
    ['an hour', 3600 * SECOND],
    ['a year', 365 * DAY],
  ])('back by %s costs nobody their session, and makes no thief harmless', async (_, by) => {
    const world = await startAuth()
    const session = await signIn(world, 'browser')
    const key = newKey()
    const first = await refresh(world, 'browser', session.refreshToken, { key })
    world.clock.now -= by
    expect((await refresh(world, 'browser', session.refreshToken, { key })).refreshToken).toBe(
      first.refreshToken,
    )
    const newest = await expectAlive(world, 'browser', first.refreshToken)
    expectRefused(await refresh(world, 'browser', first.refreshToken), 401, 'REFRESH_REUSED')
    expectRefused(await refresh(world, 'browser', newest), 401, 'SESSION_REVOKED')
  })

  test('back to before the service was first started lets people sign in, refresh and be known, also after a restart', async () => {
    const world = await startAuth()
    const old = await signIn(world, 'native')
    world.clock.now -= 365 * DAY
    const newest = await expectAlive(world, 'native', old.refreshToken)
    const { accessToken } = await signIn(world, 'native')
    expect((await world.send('GET', '/auth/me', { bearer: accessToken })).status).toBe(200)

    const again = await restart(world)
    await expectAlive(again, 'native', newest)
    expect((await again.send('GET', '/auth/me', { bearer: accessToken })).status).toBe(200)
  })
})

test.each(['2038-01-19T03:14:07Z', '2106-02-07T06:28:15Z', '2016-12-31T23:59:59Z', '2026-03-29T00:59:59Z'])(
  'the second after %s is like any other (CK-04)',
  async (date) => {
    const world = await startAuth()
    world.clock.now = Date.parse(date)
    const session = await signIn(world, 'native')
    let { refreshToken } = session
    for (let i = 0; i < 3; i++) {
      const { last } = await refreshTimes(world, { ...session, refreshToken }, 1)
      refreshToken = last
      world.clock.now += SECOND
    }
    const { body } = await refresh(world, 'native', refreshToken)
    const me = await world.send('GET', '/auth/me', { bearer: body.accessToken })
    expect(me.body.session).toMatchObject({
      createdAt: new Date(Date.parse(date)).toISOString(),
      lastUsedAt: new Date(world.clock.now).toISOString(),
      expiresAt: new Date(world.clock.now + 7 * DAY).toISOString(),
    })
    expectRefused(await refresh(world, 'native', session.refreshToken), 401, 'REFRESH_REUSED')
  },
)
