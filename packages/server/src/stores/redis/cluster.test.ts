import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { describeStore } from '../conformance.ts'
import { withRedis } from '../testing/servers/by-hand.ts'
import { type RedisCluster, startRedisCluster } from '../testing/servers/redis-cluster.ts'
import { idsOf, LATER, rotationOf, signedIn } from '../testing/world.ts'
import { newWorld, openWorldAt } from './testing/world.ts'

let cluster: RedisCluster

beforeAll(async () => {
  cluster = await startRedisCluster()
})
afterAll(() => cluster.remove())

describeStore('Redis Cluster', () => openWorldAt(cluster.url))

test('the sessions of a user lie on all servers of a cluster, and are all found', async () => {
  const world = await newWorld({ url: cluster.url })()
  const { account, opened } = await signedIn(world, 24)
  const sizes = await Promise.all(cluster.nodes.map(({ url }) => withRedis(url, (redis) => redis.dbsize())))
  expect(Math.min(...sizes)).toBeGreaterThan(0)
  expect(await world.sessions.listByUser(account.id)).toHaveLength(24)
  expect(await world.sessions.rotateMany(opened.map((session) => rotationOf(session)))).toEqual(
    opened.map(() => true),
  )
})

describe('a server of a cluster that is lost', () => {
  test('is replaced by its replica, and what has ended stays ended though the replica had not heard of it', async () => {
    const replicated = await startRedisCluster({ replica: true })
    onTestFinished(() => replicated.remove())
    const [first, , , replica] = replicated.nodes
    const world = await newWorld({ url: replicated.url, databaseTimeoutSeconds: 2 })()
    const { opened } = await signedIn(world, 24)
    await withRedis(replica!.url, async (redis) => {
      // Everything that has been written by now is there.
      await expect.poll(() => redis.dbsize()).toBe(await withRedis(first!.url, (master) => master.dbsize()))
    })
    replica!.process.signal('SIGSTOP')
    await world.sessions.endMany(idsOf(opened), 'logout', LATER)
    await first!.process.kill()
    replica!.process.signal('SIGCONT')
    await expect
      .poll(
        async () => {
          const found = await world.sessions.findMany(idsOf(opened)).catch(() => [])
          return found.filter((owned) => owned?.session.ended?.reason === 'logout').length
        },
        { timeout: 15_000 },
      )
      .toBe(24)
    await expect
      .poll(
        async () => {
          const moved = await world.sessions
            .rotateMany(opened.map((session) => rotationOf(session)))
            .catch(() => [true])
          return moved.some((hasMoved) => hasMoved)
        },
        { timeout: 15_000 },
      )
      .toBe(false)
  })
})
