import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { StoreUnavailableError } from '../../errors.ts'
import type { Session } from '../../sessions/session.ts'
import { queryPostgres } from '../testing/servers/by-hand.ts'
import { freePort } from '../testing/servers/free-port.ts'
import { attemptOf, idsOf, LATER, rotationOf, type Stores, signedIn } from '../testing/world.ts'
import { type Cut, startCuttingProxy } from './testing/cutting-proxy.ts'
import { open, type PostgresWorld, startPostgresWorld, storesOf } from './testing/postgres-world.ts'

const ROTATE = 'update sessions s set generation'
/** Not the level of isolation, which ends in the same letters. */
const COMMIT = 'commit\0'
const WRITES_THE_LOG = 'insert into "revocations"'
const CUTS: Cut[] = ['before it is sent', 'while it is done', 'before it is answered']

let world: PostgresWorld
beforeAll(async () => {
  world = await startPostgresWorld()
})
afterAll(() => world.server.process.remove())

/** Stores behind a proxy, the same data without it, and sessions. */
async function behindProxy(count: number) {
  const url = await world.newDatabase()
  const proxy = await startCuttingProxy(world.server.port)
  const direct = storesOf(await open({ url }))
  const stores = storesOf(await open({ url: proxy.urlOf(url) }))
  return { url, proxy, direct, stores, ...(await signedIn(direct, count)) }
}

describe('a rotation whose connection to PostgreSQL breaks', () => {
  test.each(CUTS)('%s is answered as rotated, and the session has moved once', async (when) => {
    const { proxy, direct, stores, opened } = await behindProxy(30)
    proxy.cut(ROTATE, when)
    const rotations = opened.map((session) => keyed(session))
    expect(await stores.sessions.rotateMany(rotations)).toEqual(opened.map(() => true))
    expect(proxy.cuts).toBe(1)
    const found = await direct.sessions.findMany(idsOf(opened))
    expect(found.map((owned) => owned?.session.generation)).toEqual(opened.map(() => 1))
    expect(found.map((owned) => owned?.session.attempts)).toEqual(rotations.map(({ next }) => next.attempts))
  })

  test('twice, the second time while it is found out what has become of it, is answered as rotated', async () => {
    const { proxy, direct, stores, opened } = await behindProxy(3)
    proxy.cut(ROTATE, 'before it is answered', { times: 2 })
    expect(await stores.sessions.rotateMany(opened.map((it) => keyed(it)))).toEqual([true, true, true])
    expect(proxy.cuts).toBe(2)
    expect((await direct.sessions.findMany([opened[0]!.id]))[0]?.session.generation).toBe(1)
  })

  test('because the server crashed, which takes it a moment to come back from, is answered as rotated', async () => {
    const { proxy, stores, opened } = await behindProxy(3)
    const crash = async () => {
      proxy.leadTo(await freePort())
      setTimeout(() => proxy.leadTo(world.server.port), A_MOMENT_MS)
    }
    proxy.cut(ROTATE, 'before it is answered', { meanwhile: crash })
    expect(await stores.sessions.rotateMany(opened.map((it) => keyed(it)))).toEqual([true, true, true])
  })

  test('is not taken for done where another node has moved the session meanwhile', async () => {
    const { proxy, direct, stores, opened } = await behindProxy(2)
    const [lost, ours] = opened as [Session, Session]
    const theirs = keyed(lost)
    proxy.cut(ROTATE, 'before it is sent', { meanwhile: () => direct.sessions.rotateMany([theirs]) })
    expect(await stores.sessions.rotateMany([keyed(lost), keyed(ours)])).toEqual([false, true])
    expect((await direct.sessions.findMany([lost.id]))[0]?.session.attempts).toEqual(theirs.next.attempts)
  })

  test('is not answered as rotated where the session was ended before anybody could say so', async () => {
    const { proxy, direct, stores, opened } = await behindProxy(1)
    const end = () => direct.sessions.endMany(idsOf(opened), 'logout', LATER)
    proxy.cut(ROTATE, 'before it is answered', { meanwhile: end })
    expect(await stores.sessions.rotateMany([keyed(opened[0]!)])).toEqual([false])
  })

  test('for good is told as STORE_UNAVAILABLE, within a bounded time', async () => {
    const { proxy, stores, opened } = await behindProxy(1)
    proxy.cut(ROTATE, 'before it is sent', { times: 1_000 })
    const start = performance.now()
    await expect(stores.sessions.rotateMany([keyed(opened[0]!)])).rejects.toThrow(StoreUnavailableError)
    expect(performance.now() - start).toBeLessThan(LONGEST_WAIT_MS)
    expect(proxy.cuts).toBeLessThan(20)
  })
})

test.each(CUTS)('a read whose connection breaks %s is done again', async (when) => {
  const { proxy, stores, opened } = await behindProxy(3)
  proxy.cut('left join sessions', when)
  expect((await stores.sessions.findMany(idsOf(opened))).map((it) => it?.session.id)).toEqual(idsOf(opened))
  expect(proxy.cuts).toBe(1)
})

describe('a transaction whose connection breaks', () => {
  test.each(CUTS)('on its way, %s, is done again from the start, and has happened once', async (when) => {
    const { proxy, stores, direct, opened } = await behindProxy(3)
    proxy.cut(WRITES_THE_LOG, when)
    expect((await stores.sessions.endMany(idsOf(opened), 'logout', LATER)).toSorted()).toEqual(
      idsOf(opened).toSorted(),
    )
    expect(proxy.cuts).toBe(1)
    expect(await loggedBy(direct)).toEqual(idsOf(opened).toSorted())
  })

  test.each([
    ['before its commit is sent', 'before it is sent', 0],
    ['before its commit is answered', 'before it is answered', 1],
  ] as const)(
    '%s has an outcome that nobody knows: that is said, and nothing is done twice',
    async (_, when, done) => {
      const { proxy, stores, direct, opened } = await behindProxy(1)
      proxy.cut(COMMIT, when)
      const ending = stores.sessions.endMany(idsOf(opened), 'logout', LATER)
      await expect(ending).rejects.toThrow(StoreUnavailableError)
      expect(await loggedBy(direct)).toHaveLength(done)
      expect(await stores.sessions.endMany(idsOf(opened), 'logout', LATER)).toHaveLength(1 - done)
      expect(await loggedBy(direct)).toEqual(idsOf(opened))
    },
  )
})

test('while the server ends every connection again and again, no rotation is lost, done twice or taken for a theft', async () => {
  const url = await world.newDatabase()
  const stores = storesOf(await open({ url }))
  const { opened } = await signedIn(stores, 20)
  const standing = new Map(opened.map((session) => [session.id, session]))
  const terminate = `
    select pg_terminate_backend(pid) from pg_stat_activity
    where datname = current_database() and application_name = 'latchkey'`
  let answered = 0
  let unavailable = 0
  let stopped = false
  const storm = (async () => {
    while (!stopped) await queryPostgres(url, terminate)
  })()
  while (answered < 100) {
    const rotations = [...standing.values()].map((session) => keyed(session))
    try {
      expect(await stores.sessions.rotateMany(rotations)).toEqual(rotations.map(() => true))
      for (const { next } of rotations) standing.set(next.id, next)
      answered++
    } catch (error) {
      expect(error).toBeInstanceOf(StoreUnavailableError)
      unavailable++
      for (const id of standing.keys()) standing.set(id, (await readAnyway(stores, id)) as Session)
    }
  }
  stopped = true
  await storm
  const found = await stores.sessions.findMany([...standing.keys()])
  for (const owned of found) {
    expect(owned?.session.generation).toBe(standing.get(owned?.session.id as string)?.generation)
    expect(owned?.session.generation).toBeLessThanOrEqual(answered + unavailable)
    expect(owned?.session.generation).toBeGreaterThanOrEqual(answered)
  }
})

const A_MOMENT_MS = 200

/** Some tries with pauses, and what a busy machine adds. */
const LONGEST_WAIT_MS = 10_000

function keyed(session: Session) {
  const attempts = [...session.attempts, attemptOf(session.generation)].slice(-4)
  return rotationOf(session, { attempts, lastUsedAt: session.lastUsedAt + 1 })
}

async function loggedBy({ revocations }: Stores): Promise<string[]> {
  return (await revocations.after(0, 100)).map(({ subject }) => subject).toSorted()
}

async function readAnyway({ sessions }: Stores, id: string): Promise<Session | undefined> {
  for (;;) {
    try {
      return (await sessions.findMany([id]))[0]?.session
    } catch (error) {
      expect(error).toBeInstanceOf(StoreUnavailableError)
    }
  }
}
