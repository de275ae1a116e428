import { describe, expect, test } from 'vitest'
import { startAuth } from '../support/auth.ts'
import {
  DELIVERIES,
  expectAlive,
  expectRefused,
  newKey,
  refresh,
  refreshTimes,
  SECOND,
  signIn,
  startBeside,
} from './client.ts'

describe.each(DELIVERIES)('a %s client that never got the answer', (client) => {
  test('asks again with its key and gets the successor that it would have had (RR-06)', async () => {
    const world = await startAuth()
    const session = await signIn(world, client)
    const key = newKey()
    const lost = await refresh(world, client, session.refreshToken, { key })
    const retried = await refresh(world, client, session.refreshToken, { key })
    expect(retried.refreshToken).toBe(lost.refreshToken)
    await expectAlive(world, client, retried.refreshToken)
  })

  test('gets it also from another node, and after a restart', async () => {
    const world = await startAuth()
    const session = await signIn(world, client)
    const key = newKey()
    const lost = await refresh(world, client, session.refreshToken, { key })
    const other = await startBeside(world)
    await world.auth.close()
    const retried = await refresh(other, client, session.refreshToken, { key })
    expect(retried.refreshToken).toBe(lost.refreshToken)
    await expectAlive(other, client, retried.refreshToken)
  })

  test('gets it however late: there is no window to miss (RR-07)', async () => {
    const world = await startAuth({ reuseGraceSeconds: 10 })
    const session = await signIn(world, client)
    const key = newKey()
    const lost = await refresh(world, client, session.refreshToken, { key })
    world.clock.now += 3600 * SECOND
    const retried = await refresh(world, client, session.refreshToken, { key })
    expect(retried.refreshToken).toBe(lost.refreshToken)
    await expectAlive(world, client, retried.refreshToken)
  })

  test('and has no key to show is taken for a thief once the grace is over, every time (RR-07)', async () => {
    const world = await startAuth({ reuseGraceSeconds: 10 })
    const session = await signIn(world, client)
    await refresh(world, client, session.refreshToken)
    world.clock.now += 9 * SECOND
    expect((await refresh(world, client, session.refreshToken)).status).toBe(200)
    world.clock.now += 1 * SECOND
    expectRefused(await refresh(world, client, session.refreshToken), 401, 'REFRESH_REUSED')
  })

  test('never makes a second successor: what the grace gives again is the same token, so nothing is displaced (RR-09)', async () => {
    const world = await startAuth({ reuseGraceSeconds: 10 })
    const session = await signIn(world, client)
    const answers = []
    for (let i = 0; i < 5; i++) answers.push(await refresh(world, client, session.refreshToken))
    expect(new Set(answers.map(({ refreshToken }) => refreshToken)).size).toBe(1)
    await expectAlive(world, client, answers[0]!.refreshToken)
  })
})

test('a chain of four refreshes: the first old token that comes back ends it, whichever it is (RR-02)', async () => {
  for (const order of [
    [0, 1, 2, 3, 4],
    [2, 4, 0, 3, 1],
    [3, 0, 4, 1, 2],
  ]) {
    const world = await startAuth()
    const session = await signIn(world, 'native')
    const { tokens } = await refreshTimes(world, session, 4)
    const codes = []
    for (const g of order) codes.push((await refresh(world, 'native', tokens[g]!)).body.error)
    expect(codes).toEqual(['REFRESH_REUSED', ...Array(4).fill('SESSION_REVOKED')])
    const me = await world.send('GET', '/auth/me', { bearer: session.accessToken })
    expect(me.body.error).toBe('TOKEN_REVOKED')
  }
})

test('a thief who refreshes first is found by the owner who refreshes next, and both are out', async () => {
  const world = await startAuth()
  const owner = await signIn(world, 'native')
  const thief = await refresh(world, 'native', owner.refreshToken, { key: newKey() })
  expect(thief.status).toBe(200)
  const found = await refresh(world, 'native', owner.refreshToken, { key: newKey() })
  expectRefused(found, 401, 'REFRESH_REUSED')
  expectRefused(await refresh(world, 'native', thief.refreshToken, { key: newKey() }), 401, 'SESSION_REVOKED')
})
