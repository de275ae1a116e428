import { expect, test } from 'vitest'
import { DAY } from '../../packages/server/src/sessions/testing/sessions.ts'
import { expectAlive, expectRefused, refresh, signIn } from '../refresh/client.ts'
import { letTimePassWith, startAuth } from '../support/auth.ts'
import { AGE, addOldSessions, sessionCount } from './world.ts'

const HOUR = 3_600_000

test('an ended session is told apart for as long as it is kept, and is like one that never was afterwards', async () => {
  const world = await startAuth({ upkeep: false, sessionRetentionSeconds: (2 * DAY) / 1000 })
  letTimePassWith(world.clock)
  const { refreshToken } = await signIn(world, 'native')
  await world.send('POST', '/auth/logout', { body: { refreshToken } })

  world.clock.now += 2 * DAY
  expect(await world.auth.upkeep.run()).toMatchObject({ looked: 1, removed: 0, finished: true })
  expectRefused(await refresh(world, 'native', refreshToken), 401, 'SESSION_REVOKED')
  // One hour more, for nodes whose clocks differ.
  world.clock.now += HOUR
  expect(await world.auth.upkeep.run()).toMatchObject({ looked: 1, removed: 1, finished: true })
  expectRefused(await refresh(world, 'native', refreshToken), 401, 'REFRESH_INVALID')
})

test('a session that ran out is told apart for as long as it is kept too, and nothing of a live one is touched', async () => {
  const world = await startAuth({ upkeep: false, sessionRetentionSeconds: (2 * DAY) / 1000 })
  letTimePassWith(world.clock)
  const [idle, other] = [await signIn(world, 'native'), await signIn(world, 'native')]
  const live = await signIn(world, 'native')
  world.clock.now += 6 * DAY
  const newest = await expectAlive(world, 'native', live.refreshToken)
  world.clock.now += 3 * DAY
  expect(await world.auth.upkeep.run()).toMatchObject({ removed: 0 })
  // Who comes back is told, which counts as its end.
  expectRefused(await refresh(world, 'native', other.refreshToken), 401, 'REFRESH_EXPIRED')
  world.clock.now += HOUR
  expect(await world.auth.upkeep.run()).toMatchObject({ looked: 3, removed: 1 })
  expectRefused(await refresh(world, 'native', idle.refreshToken), 401, 'REFRESH_INVALID')
  expectRefused(await refresh(world, 'native', other.refreshToken), 401, 'REFRESH_EXPIRED')
  await expectAlive(world, 'native', newest)
})

test('a clock that is set a year ahead by mistake, and back again, costs nobody their session', async () => {
  const world = await startAuth({ upkeep: false, sessionRetentionSeconds: 0 })
  const { refreshToken } = await signIn(world, 'native')
  world.clock.now += 365 * DAY
  expect(await world.auth.upkeep.run()).toMatchObject({ looked: 1, removed: 0 })
  world.clock.now -= 365 * DAY
  await expectAlive(world, 'native', refreshToken)
})

test('a round that is stopped has removed a part; the next one does the rest, and each row was counted once', async () => {
  const world = await startAuth({ upkeep: false })
  const { refreshToken } = await signIn(world, 'native')
  await addOldSessions(world.store, 1_500)
  const stop = new AbortController()
  const done: number[] = []
  const first = await world.auth.upkeep.run({
    signal: stop.signal,
    onProgress: (progress) => {
      done.push(progress.done)
      if (progress.removed > 300) stop.abort()
    },
  })
  expect(first).toMatchObject({ finished: false })
  expect(first.removed).toBeGreaterThan(300)
  expect(await sessionCount(world.store)).toBe(1_501 - first.removed)
  expect(done).toEqual(done.toSorted((a, b) => a - b))

  const second = await world.auth.upkeep.run()
  expect(second).toMatchObject({ finished: true, removed: 1_500 - first.removed })
  expect(await sessionCount(world.store)).toBe(1)
  await expectAlive(world, 'native', refreshToken)
})

test('an estimate counts what a round would remove, and writes nothing', async () => {
  const world = await startAuth({ upkeep: false })
  await signIn(world, 'native')
  await addOldSessions(world.store, 700)
  const estimate = await world.auth.upkeep.estimate()
  expect(estimate).toMatchObject({ sessions: 701, removable: 700, method: 'counted', looked: 701 })
  expect(estimate.bytes / 700).toBeGreaterThan(200)
  expect(estimate.bytes / 700).toBeLessThan(500)
  expect(await sessionCount(world.store)).toBe(701)
  expect(await world.auth.upkeep.run()).toMatchObject({ removed: 700 })
})

test('a table that lives for a year of sign-ins grows to what its sessions are kept for, and no further', async () => {
  const world = await startAuth({ upkeep: false })
  letTimePassWith(world.clock)
  const PER_WEEK = 50
  const counts: number[] = []
  for (let week = 0; week < 52; week++) {
    await addOldSessions(world.store, PER_WEEK, world.clock.now + AGE)
    world.clock.now += 7 * DAY
    await world.auth.upkeep.run()
    counts.push(await sessionCount(world.store))
  }
  const settled = counts.slice(4)
  expect(new Set(settled).size, `${counts}`).toBe(1)
  expect(settled[0]).toBeLessThan(4 * PER_WEEK)
})
