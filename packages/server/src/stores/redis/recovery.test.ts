import { expect, onTestFinished, test, vi } from 'vitest'
import { StoreUnavailableError } from '../../errors.ts'
import { idToBytes } from '../../ids.ts'
import type { Session } from '../../sessions/session.ts'
import { createSqlAccountStore } from '../sql/account-store.ts'
import { withRedis } from '../testing/servers/by-hand.ts'
import { startCuttingProxy } from '../testing/servers/cutting-proxy.ts'
import { startRedis } from '../testing/servers/redis.ts'
import {
  idsOf,
  LATER,
  opening,
  passwordChange,
  REFUSED_FOR_MS,
  rotationOf,
  signedIn,
} from '../testing/world.ts'
import { createClient } from './client.ts'
import { KeyNames } from './keys.ts'
import { RedisLink } from './link.ts'
import { RedisSessions } from './sessions.ts'
import { firstAnswer, newWorld, type RedisWorld } from './testing/world.ts'
import { parseRedisUrl } from './url.ts'
import { UserSessions } from './user-sessions.ts'

const LONGEST_REFUSAL_MS = 200

async function startServer(settings: Record<string, string> = {}) {
  const server = await startRedis(settings)
  onTestFinished(() => server.process.remove())
  return server
}

async function reasons({ sessions }: RedisWorld, opened: readonly Session[]) {
  return (await sessions.findMany(idsOf(opened))).map((owned) => owned?.session.ended?.reason ?? null)
}

/** Waits until Redis is reached again. */
async function backAgain(world: RedisWorld): Promise<void> {
  await expect
    .poll(() =>
      world.ping().then(
        () => true,
        () => false,
      ),
    )
    .toBe(true)
}

test('with appendonly, all that was answered is there after the server was killed: what moved, and what ended', async () => {
  const server = await startServer()
  const world = await newWorld({ url: server.url })()
  const { opened } = await signedIn(world, 2)
  const [going, staying] = opened as [Session, Session]
  await world.sessions.rotateMany([rotationOf(staying)])
  await world.sessions.endMany([going.id], 'revoked_by_user', LATER)
  await server.process.kill()
  await server.process.start()
  await backAgain(world)
  expect(await reasons(world, opened)).toEqual(['revoked_by_user', null])
  expect((await world.sessions.findMany([staying.id]))[0]?.session.generation).toBe(1)
})

test('a server that comes back as it was an hour ago brings no session back that the log tells of', async () => {
  const server = await startServer({ appendonly: 'no' })
  const open = newWorld({ url: server.url })
  const world = await open()
  const { opened } = await signedIn(world, 2)
  const [going] = opened as [Session, Session]
  await withRedis(server.url, (redis) => redis.save())
  await world.sessions.endMany([going.id], 'logout', LATER)
  await server.process.kill()
  await server.process.start()

  // For who was there all the time, at its first answer; and for who starts now.
  expect(await firstAnswer(() => reasons(world, opened))).toEqual(['logout', null])
  expect(await reasons(await open(), opened)).toEqual(['logout', null])
  await expect.poll(() => world.sessions.rotateMany([rotationOf(going)])).toEqual([false])
})

test('a session that a killed node had ended in the log alone is over: on all nodes soon, and in Redis from the next start on', async () => {
  const server = await startServer()
  const open = newWorld({ url: server.url })
  const [here, there] = await Promise.all([open(), open()])
  const { opened } = await signedIn(here, 2)
  const [going] = opened as [Session, Session]
  const entry = {
    kind: 'sid',
    subject: going.id,
    revokedAt: LATER,
    expiresAt: LATER + REFUSED_FOR_MS,
  } as const
  await there.revocations.append(entry)
  for (const node of [here, there]) await expect.poll(() => reasons(node, opened)).toEqual(['logout', null])
  await open()
  expect(await here.sessions.rotateMany(opened.map((session) => rotationOf(session)))).toEqual([false, true])
})

test('a session whose end Redis lost in an outage that outlasted the access tokens is over, for as long as the log still holds it', async () => {
  const server = await startServer({ appendonly: 'no' })
  let now = LATER
  const open = newWorld({ url: server.url, now: () => now })
  const world = await open()
  const { opened } = await signedIn(world, 2)
  const [going] = opened as [Session, Session]
  await withRedis(server.url, (redis) => redis.save())
  await world.sessions.endMany([going.id], 'logout', LATER)
  await server.process.kill()
  world.close()
  now = LATER + REFUSED_FOR_MS + 3_600_000
  await server.process.start()
  const later = await open()
  expect(await reasons(later, opened)).toEqual(['logout', null])
  expect(await later.sessions.rotateMany(opened.map((session) => rotationOf(session)))).toEqual([false, true])
})

test('a node forgets no end before Redis has heard of it once more', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
  onTestFinished(() => void vi.useRealTimers())
  const server = await startServer({ appendonly: 'no' })
  let now = LATER
  const world = await newWorld({ url: server.url, now: () => now })()
  const { opened } = await signedIn(world, 2)
  const [going] = opened as [Session, Session]
  await withRedis(server.url, (redis) => redis.save())
  await world.sessions.endMany([going.id], 'logout', LATER)
  await firstAnswer(async () => expect(await reasons(world, opened)).toEqual(['logout', null]))
  await server.process.kill()
  await expect.poll(() => world.client.status).not.toBe('ready')
  now = LATER + REFUSED_FOR_MS + 3_600_000
  for (let round = 0; round < 3; round++) await vi.advanceTimersByTimeAsync(10_000)
  await server.process.start()
  expect(await firstAnswer(() => reasons(world, opened))).toEqual(['logout', null])
  await expect.poll(() => world.sessions.rotateMany([rotationOf(going)])).toEqual([false])
})

test('a session that a newer version has ended for a reason of its own is over for this one too', async () => {
  const server = await startServer()
  const world = await newWorld({ url: server.url })()
  const { opened } = await signedIn(world, 1)
  const [session] = opened as [Session]
  const key = `${world.prefix}:{${shortId(session.id)}}`
  await withRedis(server.url, (redis) => redis.setrange(key, 0, Buffer.from([200])))
  expect(await reasons(world, opened)).toEqual(['logout'])
})

test('a sign-in that was held up for a minute is in its user’s list, whoever looks just then', async () => {
  const server = await startServer()
  const world = await newWorld({ url: server.url })()
  const { account, opened } = await signedIn(world, 1)
  const [session] = opened as [Session]
  const location = parseRedisUrl(server.url)
  const link = new RedisLink(createClient(location, 1_000))
  onTestFinished(() => link.close())
  await link.connect(1_000)
  const keys = new KeyNames(world.prefix)
  const lifetimes = { idleTtlSeconds: 604_800, sessionRetentionSeconds: 604_800 }
  const ofUsers = new UserSessions(link, keys, new RedisSessions(link, keys, lifetimes))
  const longAgo = (Date.now() - 120_000) * 1_000
  await withRedis(server.url, (redis) => redis.zadd(keys.user(account.id), longAgo, idToBytes(session.id)))
  // It enrols once more when it goes on; and who saw it without a session before that strikes it off after.
  await ofUsers.enrol(session)
  await ofUsers.strike(account.id, [session.id], 60)
  expect(idsOf(await world.sessions.listByUser(account.id))).toEqual([session.id])
})

test('after everything was wiped, nobody is let in, and everybody may sign in again', async () => {
  const server = await startServer()
  const world = await newWorld({ url: server.url })()
  const { account, opened } = await signedIn(world, 2)
  await withRedis(server.url, (redis) => redis.flushall())
  expect(await world.sessions.findMany(idsOf(opened))).toEqual([undefined, undefined])
  expect(await world.sessions.rotateMany(opened.map((session) => rotationOf(session)))).toEqual([
    false,
    false,
  ])
  expect(await world.sessions.listByUser(account.id)).toEqual([])
  const again = { ...(opened[0] as Session), userId: account.id }
  expect(await world.sessions.open(opening(again))).toEqual({ opened: true, endedIds: [] })
})

test('a change of the password that was made in SQL alone has ended all sessions but the one that made it', async () => {
  const server = await startServer()
  const world = await newWorld({ url: server.url })()
  const { account, opened } = await signedIn(world, 3)
  const [kept] = opened as [Session, ...Session[]]
  // As a node leaves it that is killed between the two stores.
  const sqlAlone = createSqlAccountStore(world.database, () => REFUSED_FOR_MS)
  await sqlAlone.changePassword(passwordChange(account, kept.id))
  expect(await reasons(world, opened)).toEqual([null, 'password_changed', 'password_changed'])
  expect(idsOf(await world.sessions.listByUser(account.id))).toEqual([kept.id])
})

test('an account that was disabled in SQL alone has no session, and gets none back when it is enabled', async () => {
  const server = await startServer()
  const world = await newWorld({ url: server.url })()
  const { account, opened } = await signedIn(world, 1)
  const sqlAlone = createSqlAccountStore(world.database, () => REFUSED_FOR_MS)
  await sqlAlone.disable(account.id, LATER)
  expect(await reasons(world, opened)).toEqual(['account_disabled'])
  await sqlAlone.enable(account.id)
  expect(await reasons(world, opened)).toEqual(['password_changed'])
  expect(await world.sessions.listByUser(account.id)).toEqual([])
  await sqlAlone.delete(account.id, LATER)
  expect(await world.sessions.findMany(idsOf(opened))).toEqual([undefined])
})

test('a deleted account takes its sessions with it: addresses and devices too', async () => {
  const server = await startServer()
  const world = await newWorld({ url: server.url })()
  const { account } = await signedIn(world, 3)
  await world.accounts.delete(account.id, LATER)
  expect(await withRedis(server.url, (redis) => redis.keys('*{*}'))).toEqual([])
})

test('a sign-in that was cut short leaves nothing behind that its user cannot end', async () => {
  const server = await startServer()
  const world = await newWorld({ url: server.url })()
  const { account, opened } = await signedIn(world, 1)
  const [session] = opened as [Session]
  await withRedis(server.url, (redis) => redis.del(`${world.prefix}:{${shortId(session.id)}}`))
  expect(await world.sessions.listByUser(account.id)).toEqual([])
  const ending = { except: null, reason: 'revoked_by_user', now: LATER } as const
  expect(await world.sessions.endByUser(account.id, ending)).toEqual([])
})

test('while Redis is away, every call about sessions is refused at once, accounts are there, and all is well soon after', async () => {
  const server = await startServer()
  const world = await newWorld({ url: server.url })()
  const { account, opened } = await signedIn(world, 1)
  await server.process.kill()
  await expect.poll(() => world.client.status).not.toBe('ready')
  for (let i = 0; i < 3; i++) {
    const start = performance.now()
    await expect(world.sessions.findMany(idsOf(opened))).rejects.toThrow(StoreUnavailableError)
    expect(performance.now() - start).toBeLessThan(LONGEST_REFUSAL_MS)
  }
  await expect(world.sessions.endMany(idsOf(opened), 'logout', LATER)).rejects.toThrow(StoreUnavailableError)
  await expect(world.accounts.changePassword(passwordChange(account, null))).rejects.toThrow(
    StoreUnavailableError,
  )
  expect(await world.accounts.findById(account.id)).toEqual(account)
  await server.process.start()
  await expect.poll(() => reasons(world, opened).catch(() => []), { timeout: 5_000 }).toEqual([null])
})

test('a server that stands still is waited for so long and no longer, and is used again when it goes on', async () => {
  const server = await startServer()
  const world = await newWorld({ url: server.url, databaseTimeoutSeconds: 1 })()
  const { opened } = await signedIn(world, 1)
  server.process.signal('SIGSTOP')
  await expect(world.sessions.findMany(idsOf(opened))).rejects.toThrow(StoreUnavailableError)
  server.process.signal('SIGCONT')
  await expect.poll(() => reasons(world, opened).catch(() => []), { timeout: 5_000 }).toEqual([null])
})

test('a network that swallows everything is left for another connection', async () => {
  const server = await startServer()
  const proxy = await startCuttingProxy(server.port)
  onTestFinished(() => proxy.close())
  const world = await newWorld({ url: `redis://127.0.0.1:${proxy.port}`, databaseTimeoutSeconds: 1 })()
  const { opened } = await signedIn(world, 1)
  proxy.swallow()
  await expect(world.sessions.findMany(idsOf(opened))).rejects.toThrow(StoreUnavailableError)
  await expect.poll(() => reasons(world, opened).catch(() => []), { timeout: 3_000 }).toEqual([null])
})

test('a server that takes no writes is no reason to end anything: the session goes on when it takes them again', async () => {
  const server = await startServer()
  const world = await newWorld({ url: server.url })()
  const { opened } = await signedIn(world, 1)
  const rotation = rotationOf(opened[0] as Session)
  await withRedis(server.url, (redis) => redis.replicaof('127.0.0.1', '1'))
  await expect(world.sessions.rotateMany([rotation])).rejects.toThrow(StoreUnavailableError)
  await expect(world.ping()).rejects.toThrow(StoreUnavailableError)
  await withRedis(server.url, (redis) => redis.replicaof('NO', 'ONE'))
  await expect.poll(() => world.sessions.rotateMany([rotation]).catch(() => [])).toEqual([true])
  await withRedis(server.url, (redis) => redis.config('SET', 'maxmemory', '1'))
  const again = rotationOf({ ...(opened[0] as Session), generation: 1 })
  await expect(world.sessions.rotateMany([again])).rejects.toThrow(StoreUnavailableError)
  await withRedis(server.url, (redis) => redis.config('SET', 'maxmemory', '0'))
  expect(await world.sessions.rotateMany([again])).toEqual([true])
})

test('sessions leave Redis by themselves, some time after they are over', async () => {
  const server = await startServer()
  const settings = { idleTtlSeconds: 100, sessionRetentionSeconds: 50 }
  const world = await newWorld({ url: server.url, ...settings })()
  const { opened } = await signedIn(world, 2)
  const [live, ended] = opened as [Session, Session]
  await world.sessions.endMany([ended.id], 'logout', LATER)
  await world.sessions.rotateMany([rotationOf(live, { lastUsedAt: LATER })])
  await withRedis(server.url, async (redis) => {
    const ttls = await Promise.all(
      [live, ended].map(({ id }) => redis.ttl(`${world.prefix}:{${shortId(id)}}`)),
    )
    expect(ttls).toEqual([within(150), within(50)])
    const [userKey] = await redis.keys(`${world.prefix}:user:*`)
    const wholeLife = (live.expiresAt - live.createdAt) / 1000 + 50
    expect(await redis.ttl(userKey as string)).toEqual(within(wholeLife))
  })
})

test('nodes hear of revocations from each other through Redis, also after their connections were cut', async () => {
  const server = await startServer()
  // Two databases: what the one writes, the other can hear of from Redis alone.
  const [here, there] = await Promise.all(
    [0, 1].map(() => newWorld({ url: server.url, redisPrefix: 'shared' })()),
  )
  let heard = 0
  const stop = here!.revocations.watch(() => heard++)
  onTestFinished(stop)
  const entry = { kind: 'jti', subject: 'x', revokedAt: LATER, expiresAt: LATER + 1 } as const
  const tell = async () => {
    const before = heard
    await there!.revocations.append(entry)
    await expect.poll(() => heard).toBeGreaterThan(before)
  }
  await tell()
  await withRedis(server.url, (redis) => redis.call('CLIENT', 'KILL', 'TYPE', 'pubsub'))
  await withRedis(server.url, (redis) => redis.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes'))
  // Whoever was cut off looks as soon as it is back.
  const before = heard
  await expect.poll(() => heard).toBeGreaterThan(before)
  await backAgain(there!)
  await tell()
})

function within(seconds: number) {
  return expect.toSatisfy((ttl: number) => ttl <= seconds && ttl > seconds - 5)
}

function shortId(id: string): string {
  return Buffer.from(id.replaceAll('-', ''), 'hex').toString('base64url')
}
