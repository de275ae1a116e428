import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { newId } from '../../ids.ts'
import { RevocationFeed } from '../../revocations/feed.ts'
import { aSession } from '../../sessions/testing/sessions.ts'
import { holdPostgres, queryPostgres } from '../testing/servers/by-hand.ts'
import { idsOf, LATER, opening, signedIn } from '../testing/world.ts'
import { startCuttingProxy } from './testing/cutting-proxy.ts'
import { open, type PostgresWorld, startPostgresWorld, storesOf } from './testing/postgres-world.ts'

let world: PostgresWorld
beforeAll(async () => {
  world = await startPostgresWorld()
})
afterAll(() => world.server.process.remove())

/** Two nodes: one writes into the log, and the other says how long it took to hear of it, in milliseconds. */
async function twoNodes() {
  const url = await world.newDatabase()
  const proxy = await startCuttingProxy(world.server.port)
  const here = storesOf(await open({ url }))
  const there = await open({ url: proxy.urlOf(url) })
  let newest = 0
  const heard = Promise.withResolvers<void>()
  const stop = there.watch(async () => {
    newest = Math.max(newest, await here.revocations.newest())
    heard.resolve()
  })
  onTestFinished(stop)
  await heard.promise
  const hearing = async () => {
    await here.revocations.append({ kind: 'jti', subject: 'j', revokedAt: LATER, expiresAt: LATER + 1 })
    const position = await here.revocations.newest()
    const start = performance.now()
    await expect.poll(() => newest, { interval: 5 }).toBeGreaterThanOrEqual(position)
    return performance.now() - start
  }
  return { url, proxy, hearing }
}

test('a revocation is known to another node in a moment: it is not waited for, but told', async () => {
  const { hearing } = await twoNodes()
  await expect.poll(hearing).toBeLessThan(A_MOMENT_MS)
  const times = []
  for (let i = 0; i < 5; i++) times.push(await hearing())
  expect(times.toSorted((a, b) => a - b)[2]).toBeLessThan(A_MOMENT_MS)
})

test('within a second where the connection that listens hangs, and in a moment again when another one listens', async () => {
  const { proxy, hearing } = await twoNodes()
  proxy.hang(true)
  for (let i = 0; i < 3; i++) expect(await hearing()).toBeLessThan(A_SECOND_MS)
  proxy.hang(false)
  await expect.poll(hearing, { timeout: 15_000 }).toBeLessThan(A_MOMENT_MS)
})

test('within a second where the connection that listens is ended again and again', async () => {
  const { url, hearing } = await twoNodes()
  for (let i = 0; i < 5; i++) {
    await queryPostgres(
      url,
      `select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()`,
    )
    expect(await hearing()).toBeLessThan(A_SECOND_MS)
  }
  await expect.poll(hearing).toBeLessThan(A_MOMENT_MS)
})

test('what is revoked after a replica has taken over that had not received the last revocations is heard by whoever had read those', async () => {
  const url = await world.newDatabase()
  const { revocations } = storesOf(await open({ url }))
  const feed = new RevocationFeed({
    store: revocations,
    now: () => LATER,
    elapsed: () => 0,
    onPublished: () => {},
  })
  const subjects = (prefix: string) =>
    [1, 2, 3].map((i) => ({ kind: 'sid', subject: `${prefix}${i}` }) as const)
  const append = async (prefix: string) => {
    for (const entry of subjects(prefix)) {
      await revocations.append({ ...entry, revokedAt: LATER, expiresAt: LATER + 960_000 })
    }
  }
  const heard = () =>
    [...subjects('a'), ...subjects('b'), ...subjects('c')].filter((entry) => feed.has(entry)).length
  await append('a')
  await feed.load()
  await append('b')
  await feed.catchUp()
  expect(heard()).toBe(6)
  // What such a replica would be like: it never had the last entries, and gives their positions out once more.
  await queryPostgres(
    url,
    `delete from revocations where subject like 'b%';
     select setval(pg_get_serial_sequence('revocations', 'position'), max(position)) from revocations;
     select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()`,
  )
  await append('c')
  await feed.catchUp()
  expect(heard()).toBe(9)
})

test('within a second also where every connection for sign-ins waits for somebody else', async () => {
  const url = await world.newDatabase()
  const [here, there] = [storesOf(await open({ url })), storesOf(await open({ url }))]
  const { account, opened } = await signedIn(here, 1)
  const letGo = await holdPostgres(url, `select 1 from users where id = '${account.id}' for update`)
  const waiting = Array.from({ length: 10 }, () =>
    there.sessions.open(opening(aSession({ id: newId(), userId: account.id }))).catch(() => 'refused'),
  )
  await expect
    .poll(() => queryPostgres(url, `select 1 from pg_stat_activity where wait_event_type = 'Lock'`))
    .toHaveLength(7)
  await here.sessions.endMany(idsOf(opened), 'logout', LATER)
  const start = performance.now()
  expect(await there.revocations.after(0, 10)).toHaveLength(1)
  expect(performance.now() - start).toBeLessThan(A_SECOND_MS)
  await letGo()
  await Promise.all(waiting)
})

test('who stops watching leaves no connection behind', async () => {
  const url = await world.newDatabase()
  const database = await open({ url })
  const listening = async () =>
    (
      await queryPostgres(
        url,
        `select 1 from pg_stat_activity where datname = current_database() and query in ('', 'listen latchkey_revocations')`,
      )
    ).length
  const stop = database.watch(() => {})
  await expect.poll(listening).toBe(1)
  stop()
  await expect.poll(listening).toBe(0)
})

const A_MOMENT_MS = 150
/** And what a busy machine adds. */
const A_SECOND_MS = 1_500
