import { expect, onTestFinished, test } from 'vitest'
import { withRedis } from '../testing/servers/by-hand.ts'
import { startSentinelGroup } from '../testing/servers/redis-sentinel.ts'
import { idsOf, LATER, rotationOf, signedIn } from '../testing/world.ts'
import { firstAnswer, newWorld } from './testing/world.ts'

test('when Sentinel makes the replica the master, all goes on by itself, and nothing that was revoked lives again', async () => {
  const group = await startSentinelGroup()
  onTestFinished(() => group.remove())
  const world = await newWorld({ url: group.url, databaseTimeoutSeconds: 2 })()
  const { opened } = await signedIn(world, 4)
  const [going, ...staying] = opened as [(typeof opened)[number], ...typeof opened]
  await withRedis(group.replica.url, async (redis) => {
    await expect.poll(() => redis.dbsize()).toBe(5)
  })
  // The replica does not hear of the end.
  group.replica.process.signal('SIGSTOP')
  expect(await world.sessions.endMany([going.id], 'logout', LATER)).toEqual([going.id])
  await group.master.process.kill()
  group.replica.process.signal('SIGCONT')

  const [gone] = await firstAnswer(() => world.sessions.findMany([going.id]))
  expect(gone?.session.ended?.reason).toBe('logout')
  await expect
    .poll(() => world.sessions.rotateMany(staying.map((session) => rotationOf(session))).catch(() => []), {
      timeout: 20_000,
    })
    .toEqual([true, true, true])
  const found = await world.sessions.findMany(idsOf(opened))
  expect(found.map((owned) => owned?.session.ended?.reason)).toEqual([
    'logout',
    undefined,
    undefined,
    undefined,
  ])
  await expect.poll(() => world.sessions.rotateMany([rotationOf(going)])).toEqual([false])
})
