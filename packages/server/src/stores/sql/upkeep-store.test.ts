import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { StoreUnavailableError } from '../../errors.ts'
import { BEFORE_ALL_IDS } from '../../ids.ts'
import type { Session } from '../../sessions/session.ts'
import { DAY, OPENED, seededRandom } from '../../sessions/testing/sessions.ts'
import { boundsAt, isOver } from '../../upkeep/rules.ts'
import type { UpkeepStore } from '../../upkeep/store.ts'
import { type PostgresServer, startPostgres } from '../testing/servers/postgres.ts'
import { byId, idsOf, rotationOf } from '../testing/world.ts'
import type { SqlDatabase } from './database.ts'
import { openPostgres } from './postgres.ts'
import { createSqlSessionStore } from './session-store.ts'
import { openSqlite } from './sqlite.ts'
import { fill } from './testing/fill.ts'
import { createSqlUpkeepStore } from './upkeep-store.ts'

const NOW = OPENED + 100 * DAY
const POLICY = { sessionRetentionSeconds: (7 * DAY) / 1000, idleTtlSeconds: (7 * DAY) / 1000 }
const BOUNDS = boundsAt(NOW, POLICY)
const OVER: Partial<Session> = { lastUsedAt: OPENED, expiresAt: NOW + DAY }
const LIVE: Partial<Session> = { createdAt: NOW, lastUsedAt: NOW, expiresAt: NOW + 30 * DAY }
const LAST = 'ffffffff-ffff-ffff-ffff-ffffffffffff'

let server: PostgresServer
let databases = 0
beforeAll(async () => {
  server = await startPostgres({ fsync: 'off' })
})
afterAll(() => server.process.remove())

/** Opens an empty database, and resolves to what opens it again. */
const NEW_DATABASE: Record<string, () => Promise<() => Promise<SqlDatabase>>> = {
  async SQLite() {
    const folder = mkdtempSync(join(tmpdir(), 'latchkey-upkeep-'))
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
    return () => openSqlite(join(folder, 'latchkey.db'))
  },
  async PostgreSQL() {
    const name = `upkeep_${databases++}`
    const url = await server.createDatabase(name)
    onTestFinished(() => server.dropDatabase(name))
    return () => openPostgres({ url })
  },
}

describe.each(Object.entries(NEW_DATABASE))('%s', (_, newDatabase) => {
  async function openWorld() {
    const open = await newDatabase()
    const openAgain = async () => {
      const database = await open()
      onTestFinished(() => database.close())
      return {
        database,
        upkeep: createSqlUpkeepStore(database),
        sessions: createSqlSessionStore(database, () => 1),
      }
    }
    return { ...(await openAgain()), openAgain }
  }

  test('sessions are looked at in the order of their ids, each once, so many at a time', async () => {
    const { database, upkeep } = await openWorld()
    const sessions = await fill(database, [{}, { ended: { at: NOW, reason: 'logout' } }, {}, {}, LIVE])
    const found = []
    for (let behind = BEFORE_ALL_IDS; ; ) {
      const some = await upkeep.sessionsBehind(behind, 2)
      found.push(...some)
      if (some.length < 2) break
      behind = some[1]!.id
    }
    expect(found).toEqual(
      sessions.toSorted(byId).map(({ id, lastUsedAt, expiresAt, ended }) => ({
        id,
        lastUsedAt,
        expiresAt,
        endedAt: ended?.at ?? null,
      })),
    )
  })

  test('what is removed is exactly what the rule calls over, at each of its bounds', async () => {
    const { database, upkeep } = await openWorld()
    const random = seededRandom(4)
    const around = (instant: number) => instant + Math.floor(random() * 3) - 1
    const maybe = <Value>(value: Value) => (random() < 0.5 ? value : null)
    const sessions = await fill(
      database,
      Array.from({ length: 600 }, () => ({
        lastUsedAt: around(BOUNDS.usedUntil),
        expiresAt: maybe(around(BOUNDS.expiresUntil)) ?? NOW + DAY,
        ended: maybe({ at: around(BOUNDS.endedUntil), reason: 'logout' as const }),
      })),
    )
    const looked = await upkeep.sessionsBehind(BEFORE_ALL_IDS, 1_000)
    const over = looked.filter((facts) => isOver(facts, BOUNDS))
    expect(over.length).toBeGreaterThan(100)

    expect(await upkeep.removeSessions(BEFORE_ALL_IDS, LAST, BOUNDS)).toBe(over.length)
    const left = await upkeep.sessionsBehind(BEFORE_ALL_IDS, 1_000)
    expect(idsOf(left)).toEqual(idsOf(looked.filter((facts) => !isOver(facts, BOUNDS))))
    expect(left.length + over.length).toBe(sessions.length)
  })

  test('nothing outside of the two ids is removed, and the ids themselves are', async () => {
    const { database, upkeep } = await openWorld()
    const ids = idsOf(await fill(database, Array(5).fill(OVER))).toSorted() as [
      string,
      string,
      string,
      string,
      string,
    ]
    expect(await upkeep.removeSessions(ids[1], ids[3], BOUNDS)).toBe(3)
    expect(idsOf(await upkeep.sessionsBehind(BEFORE_ALL_IDS, 10))).toEqual([ids[0], ids[4]])
  })

  test('a session that was refreshed after it was looked at stays: by a node whose clock is behind', async () => {
    const { database, upkeep, sessions } = await openWorld()
    const [session] = (await fill(database, [OVER])) as [Session]
    expect(await sessions.rotateMany([rotationOf(session, { lastUsedAt: NOW })])).toEqual([true])
    expect(await upkeep.removeSessions(session.id, session.id, BOUNDS)).toBe(0)
    expect(await upkeep.sessionsBehind(BEFORE_ALL_IDS, 10)).toHaveLength(1)
  })

  test('of refreshes and a removal that meet, one has happened: a session that moved is there, one that is gone did not move', async () => {
    const { database, sessions, openAgain } = await openWorld()
    const other = await openAgain()
    for (let i = 0; i < 30; i++) {
      const [session] = (await fill(database, [OVER])) as [Session]
      const refreshing = () => sessions.rotateMany([rotationOf(session, { lastUsedAt: NOW })])
      const removing = () => other.upkeep.removeSessions(session.id, session.id, BOUNDS)
      const work = i % 2 === 0 ? [refreshing(), removing()] : [removing(), refreshing()]
      await Promise.all(work)
      const moved = (await work[i % 2]) as boolean[]
      const removed = await work[1 - (i % 2)]
      expect([moved[0], removed]).toEqual(removed === 1 ? [false, 1] : [true, 0])
    }
  })

  test('a plan that is nobody’s yet is due, and of many who take it at once exactly one has it', async () => {
    const world = await openWorld()
    const other = await world.openAgain()
    expect(await world.upkeep.findPlan('sessions')).toEqual({ cursor: null, dueAt: 0 })
    for (const seen of [0, NOW]) {
      const taken = await Promise.all(
        Array.from({ length: 12 }, (_, i) =>
          (i % 2 ? world : other).upkeep.replacePlan('sessions', seen, {
            cursor: `by ${i}`,
            dueAt: seen + NOW,
          }),
        ),
      )
      expect(taken.filter((mine) => mine)).toHaveLength(1)
      expect(await world.upkeep.findPlan('sessions')).toEqual({
        cursor: `by ${taken.indexOf(true)}`,
        dueAt: seen + NOW,
      })
    }
    expect(await other.upkeep.replacePlan('other', NOW, { cursor: null, dueAt: NOW })).toBe(false)
    expect(await other.upkeep.findPlan('other')).toEqual({ cursor: null, dueAt: 0 })
  })

  test('the size of a session is told to within a quarter', async () => {
    const { database, upkeep } = await openWorld()
    const empty = await bytesOf(database)
    const userAgent = 'Mozilla/5.0 (Example; rv:140.0)'
    const sessions = await fill(database, Array(8_000).fill({ ...LIVE, userAgent }))
    const bytesEach = ((await bytesOf(database)) - empty) / sessions.length
    const told = await upkeep.averageBytes(idsOf(sessions.slice(0, 500)))
    expect(told / bytesEach, `told ${told}, in truth ${bytesEach}`).toBeGreaterThan(0.75)
    expect(told / bytesEach, `told ${told}, in truth ${bytesEach}`).toBeLessThan(1.25)
    expect(await upkeep.averageBytes([])).toBe(0)
  })

  test('a store that is away is said so, by every call', async () => {
    const { database, upkeep } = await openWorld()
    const calls: ((store: UpkeepStore) => Promise<unknown>)[] = [
      (store) => store.sessionsBehind(BEFORE_ALL_IDS, 1),
      (store) => store.removeSessions(BEFORE_ALL_IDS, LAST, BOUNDS),
      (store) => store.averageBytes([LAST]),
      (store) => store.findPlan('sessions'),
      (store) => store.replacePlan('sessions', 0, { cursor: null, dueAt: 1 }),
    ]
    for (const call of calls) await call(upkeep)
    await database.close()
    for (const call of calls) await expect(call(upkeep)).rejects.toThrow(StoreUnavailableError)
  })
})

async function bytesOf({ reader, locksRows }: SqlDatabase): Promise<number> {
  const size = locksRows
    ? sql<number>`pg_total_relation_size('sessions')::int8`
    : sql<number>`(select page_count * page_size from pragma_page_count, pragma_page_size)`
  return (await reader.selectNoFrom(size.as('bytes')).executeTakeFirstOrThrow()).bytes
}
