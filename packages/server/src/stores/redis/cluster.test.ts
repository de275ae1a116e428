import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { StoreUnavailableError } from '../../errors.ts'
import { describeStore } from '../conformance.ts'
import { withRedis } from '../testing/servers/by-hand.ts'
import { type RedisCluster, startRedisCluster } from '../testing/servers/redis-cluster.ts'
import { idsOf, LATER, rotationOf, signedIn } from '../testing/world.ts'
import { firstAnswer, newWorld, openWorldAt, type RedisWorld } from './testing/world.ts'

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

test('nodes hear of revocations from each other through any server of a cluster', async () => {
  // Two databases: what the one writes, the other can hear of from Redis alone.
  const worlds = [1, 2].map(() => newWorld({ url: cluster.url, redisPrefix: 'shared' })())
  const [here, there] = (await Promise.all(worlds)) as [RedisWorld, RedisWorld]
  let heard = 0
  onTestFinished(here.revocations.watch(() => heard++))
  for (let i = 1; i <= 3; i++) {
    await there.revocations.append({ kind: 'jti', subject: 'x', revokedAt: LATER, expiresAt: LATER + 1 })
    await expect.poll(() => heard).toBeGreaterThanOrEqual(i)
  }
})

test('a cluster of which a server is missing is not told that everything has ended', async () => {
  const world = await newWorld({ url: cluster.url })()
  await signedIn(world, 3)
  const progress: number[] = []
  await world.sessions.endOpenedBefore(LATER, 'revoked_by_operator', LATER, ({ done }) => progress.push(done))
  expect(progress.at(-1)).toBe(1)
  expect(progress).toEqual(progress.toSorted((a, b) => a - b))
  const lost = cluster.nodes[1] as (typeof cluster.nodes)[number]
  await lost.process.kill()
  onTestFinished(() => lost.process.start())
  const end = () => world.sessions.endOpenedBefore(LATER, 'revoked_by_operator', LATER)
  await expect(end()).rejects.toThrow(StoreUnavailableError)
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
    const found = await firstAnswer(() => world.sessions.findMany(idsOf(opened)))
    expect(found.filter((owned) => owned?.session.ended?.reason === 'logout')).toHaveLength(24)
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
