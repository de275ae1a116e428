import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import type { Session } from '../../sessions/session.ts'
import { aSession } from '../../sessions/testing/sessions.ts'
import { withRedis } from '../testing/servers/by-hand.ts'
import { startCuttingProxy } from '../testing/servers/cutting-proxy.ts'
import { type RedisServer, startRedis } from '../testing/servers/redis.ts'
import { idsOf, LATER, opening, rotationOf, signedIn } from '../testing/world.ts'
import { createClient } from './client.ts'
import { KeyNames } from './keys.ts'
import { RedisLink } from './link.ts'
import { RedisSessions } from './sessions.ts'
import { newWorld } from './testing/world.ts'
import { parseRedisUrl } from './url.ts'

let server: RedisServer

beforeAll(async () => {
  server = await startRedis()
})
afterAll(() => server.process.remove())

/** Two nodes, the first of them over a connection that can be cut. Scripts go over a new connection with all their text. */
async function twoNodes() {
  const proxy = await startCuttingProxy(server.port)
  onTestFinished(() => proxy.close())
  const open = newWorld({ url: server.url })
  return { proxy, here: await open({ url: `redis://127.0.0.1:${proxy.port}` }), there: await open() }
}

test('a refresh that Redis did, and whose answer was lost, has moved the session once and is answered as the winner', async () => {
  const { proxy, here, there } = await twoNodes()
  const { opened } = await signedIn(here, 3)
  const lost = proxy.loseAnswerTo('expected')
  const moved = await here.sessions.rotateMany(opened.map((session) => rotationOf(session)))
  await lost
  expect(moved).toEqual([true, true, true])
  const found = await there.sessions.findMany(idsOf(opened))
  expect(found.map((owned) => owned?.session.generation)).toEqual([1, 1, 1])
})

test('a refresh that came too late, and whose answer was lost, is no winner: not even of the same device in the same millisecond', async () => {
  const { proxy, here, there } = await twoNodes()
  const { opened } = await signedIn(here, 1)
  const rotation = rotationOf(opened[0] as Session, { lastUsedAt: LATER })
  expect(await there.sessions.rotateMany([rotation])).toEqual([true])
  const lost = proxy.loseAnswerTo('expected')
  expect(await here.sessions.rotateMany([rotation])).toEqual([false])
  await lost
})

test('a session that Redis ended, and whose answer was lost, has been ended by who asked for it', async () => {
  const { proxy, here, there } = await twoNodes()
  const { opened } = await signedIn(here, 2)
  const lost = proxy.loseAnswerTo('SETRANGE')
  expect(await here.sessions.endMany(idsOf(opened), 'logout', LATER)).toEqual(idsOf(opened))
  await lost
  expect(await there.sessions.endMany(idsOf(opened), 'revoked_by_user', LATER)).toEqual([])
})

test('a sign-in whose answers are lost opens one session', async () => {
  const { proxy, here, there } = await twoNodes()
  const { account } = await signedIn(there, 0)
  const session = aSession({ userId: account.id })
  const lost = proxy.loseAnswerTo('ZADD')
  expect(await here.sessions.open(opening(session))).toEqual({ opened: true, endedIds: [] })
  await lost
  expect(idsOf(await there.sessions.listByUser(account.id))).toEqual([session.id])
})

test('a sign-in that was sent twice brings nothing back when the network delivers the first one after the sign-out', async () => {
  const { here } = await twoNodes()
  const { opened } = await signedIn(here, 1)
  const [session] = opened as [Session]
  const link = new RedisLink(createClient(parseRedisUrl(server.url), 1_000))
  onTestFinished(() => link.close())
  await link.connect(1_000)
  const delayed = new RedisSessions(link, new KeyNames(here.prefix), {
    idleTtlSeconds: 604_800,
    sessionRetentionSeconds: 604_800,
  })
  await here.sessions.endMany([session.id], 'logout', LATER)
  await delayed.add({ session, credentialVersion: 1 })
  expect((await delayed.find([session.id]))[0]?.session.ended?.reason).toBe('logout')
})

test('a server that has forgotten the scripts gets them again within the same call', async () => {
  const { here } = await twoNodes()
  const { opened } = await signedIn(here, 1)
  const session = opened[0] as Session
  for (let generation = 0; generation < 3; generation++) {
    expect(await here.sessions.rotateMany([rotationOf({ ...session, generation })])).toEqual([true])
    await withRedis(server.url, (redis) => redis.script('FLUSH'))
  }
  expect(await here.sessions.endMany([session.id], 'logout', LATER)).toEqual([session.id])
})
