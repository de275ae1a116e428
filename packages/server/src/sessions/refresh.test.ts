import { createSecretKey, randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { NO_LIMITS } from '../abuse/limits.ts'
import type { SecurityEvent } from '../events.ts'
import { createSqlAccountStore } from '../stores/sql/account-store.ts'
import { createSqlSessionStore } from '../stores/sql/session-store.ts'
import { openSqlite } from '../stores/sql/sqlite.ts'
import { signedIn } from '../stores/testing/world.ts'
import { RefreshArrivals } from './arrivals.ts'
import { createRefresh } from './refresh.ts'
import { createRefreshTokens } from './refresh-token.ts'
import type { SessionStore } from './store.ts'
import { DAY, OPENED, POLICY } from './testing/sessions.ts'

/** One session in a real store, and nodes that refresh it. What a node's store does can be held up on the way. */
async function startWorld() {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-refresh-'))
  const database = await openSqlite(join(folder, 'latchkey.db'))
  onTestFinished(async () => {
    await database.close()
    rmSync(folder, { recursive: true })
  })
  const store = createSqlSessionStore(database, () => 60_000)
  const { opened } = await signedIn(
    { accounts: createSqlAccountStore(database, () => 60_000), sessions: store },
    1,
  )
  const session = opened[0]!
  const tokens = createRefreshTokens([createSecretKey(randomBytes(32))])
  const clock = { now: OPENED + DAY }
  const events: SecurityEvent[] = []
  return {
    clock,
    events,
    read: async () => (await store.findMany([session.id]))[0]!.session,
    /** Presents the token of a generation to a node of its own. */
    node(change: (store: SessionStore) => Partial<SessionStore> = () => ({})) {
      const arrivals = new RefreshArrivals()
      const refresh = createRefresh({
        store: { ...store, ...change(store) },
        tokens,
        arrivals,
        policy: POLICY,
        limits: NO_LIMITS,
        now: () => clock.now,
        onEvent: (event) => void events.push(event),
      })
      return (generation: number, idempotencyKey: string | null) =>
        refresh({
          refreshToken: tokens.issue(session, generation),
          client: session.client,
          idempotencyKey,
          accessTokenSessionId: null,
          ip: null,
          arrival: arrivals.enter(),
        })
    },
  }
}

test('a node that was stopped between reading a session and judging it does not end what others have kept alive (CK-07)', async () => {
  const world = await startWorld()
  const awake = world.node()
  let stopped = false
  const sleepy = world.node((store) => ({
    async findMany(ids) {
      const found = await store.findMany(ids)
      if (stopped) return found
      stopped = true
      for (let day = 0; day < 4; day++) {
        await awake(day, `key of generation ${day}`)
        world.clock.now += 3 * DAY
      }
      return found
    },
  }))

  await expect(sleepy(0, 'key of generation 0')).rejects.toMatchObject({ code: 'REFRESH_SUPERSEDED' })
  expect(await world.read()).toMatchObject({ generation: 4, ended: null })
})

test('a node that lost a race to another one answers with the same successor', async () => {
  const world = await startWorld()
  const winner = world.node()
  const loser = world.node((store) => ({
    async rotateMany(rotations) {
      await winner(0, 'the same key')
      return await store.rotateMany(rotations)
    },
  }))
  const [late, again] = [await loser(0, 'the same key'), await winner(0, 'the same key')]
  expect(late.refreshToken).toBe(again.refreshToken)
  expect((await world.read()).generation).toBe(1)
})

test('a session that is ended while a node is about to move it does not move, and the caller learns why', async () => {
  const world = await startWorld()
  const { id } = await world.read()
  const node = world.node((store) => ({
    async rotateMany(rotations) {
      await store.endMany([id], 'logout', world.clock.now)
      return await store.rotateMany(rotations)
    },
  }))
  await expect(node(0, null)).rejects.toMatchObject({ code: 'SESSION_REVOKED', reason: 'logout' })
  expect(await world.read()).toMatchObject({ generation: 0, ended: { reason: 'logout' } })
})

test('a session that is deleted while a node is about to move it is unknown', async () => {
  const world = await startWorld()
  let deleted = false
  const node = world.node((store) => ({
    findMany: async (ids) => (deleted ? ids.map(() => undefined) : await store.findMany(ids)),
    async rotateMany(rotations) {
      deleted = true
      return rotations.map(() => false)
    },
  }))
  await expect(node(0, null)).rejects.toMatchObject({ code: 'REFRESH_INVALID' })
})

test('reuse is in the store before anybody is told of it: a store that cannot record it answers for it', async () => {
  const world = await startWorld()
  await world.node()(0, null)
  const unwilling = world.node(() => ({
    endMany: () => Promise.reject(new Error('no flush')),
  }))
  await expect(unwilling(0, null)).rejects.toThrow('no flush')
  expect((await world.read()).ended).toBeNull()
  expect(world.events).toEqual([])
  await expect(world.node()(0, null)).rejects.toMatchObject({ code: 'REFRESH_REUSED' })
  expect(world.events.map(({ type }) => type)).toEqual(['refresh.reused', 'session.ended'])
  expect((await world.read()).ended).toEqual({ at: world.clock.now, reason: 'reuse_detected' })
})

test('reuse that is found by several requests at once ends the session once', async () => {
  const world = await startWorld()
  const node = world.node()
  await node(0, null)
  await node(1, null)
  const outcomes = await Promise.allSettled([node(0, null), node(0, 'another key'), node(1, 'a third key')])
  const codes = outcomes.map((outcome) => outcome.status === 'rejected' && outcome.reason.code)
  expect(codes).toEqual(['REFRESH_REUSED', 'SESSION_REVOKED', 'SESSION_REVOKED'])
  expect(world.events.filter(({ type }) => type === 'session.ended')).toHaveLength(1)
})
