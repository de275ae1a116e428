import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { ConfigError, StoreUnavailableError } from '../../errors.ts'
import { describeStore } from '../conformance.ts'
import { queryPostgres } from '../testing/servers/by-hand.ts'
import { attemptOf, rotationOf, signedIn } from '../testing/world.ts'
import { openPostgres } from './postgres.ts'
import { open, type PostgresWorld, startPostgresWorld, storesOf } from './testing/postgres-world.ts'

let world: PostgresWorld
beforeAll(async () => {
  world = await startPostgresWorld()
})
afterAll(() => world.server.process.remove())

describeStore('PostgreSQL', async () => {
  const url = await world.newDatabase()
  const database = await open({ url })
  return {
    ...storesOf(database),
    openAgain: async () => storesOf(await open({ url })),
    takeAway: () => database.close(),
  }
})

describe('tables', () => {
  test('are made once by many processes that start together on an empty database', async () => {
    const url = await emptyDatabase('together')
    const databases = await Promise.all(Array.from({ length: 6 }, () => open({ url })))
    const ids = await Promise.all(databases.map(async (it) => (await signedIn(storesOf(it), 1)).account.id))
    const { accounts } = storesOf(databases[0]!)
    for (const id of ids) expect(await accounts.findById(id)).toBeDefined()
  })

  test('are left alone when a start may not change them: it says what to run', async () => {
    const url = await emptyDatabase('untouched')
    const start = openPostgres({ url, autoMigrate: false })
    await expect(start).rejects.toThrow(ConfigError)
    await expect(start).rejects.toThrow('latchkey migrate')
    expect(await queryPostgres(url, `select * from pg_tables where schemaname = 'public'`)).toEqual([])
  })

  test('lie in the schema that the user has, beside the tables of another program that uses the same library', async () => {
    const url = await emptyDatabase('shared')
    await queryPostgres(
      url,
      `create table kysely_migration (name text, timestamp text);
       insert into kysely_migration values ('2020-an-app', '');
       create schema auth; create role auth login; grant all on schema auth to auth;
       alter role auth set search_path = auth`,
    )
    const database = await open({ url: url.replace('latchkey@', 'auth@') })
    await signedIn(storesOf(database), 1)
    expect(await queryPostgres(url, 'select count(*)::int4 as sessions from auth.sessions')).toEqual([
      { sessions: 1 },
    ])
  })
})

describe('a session', () => {
  test('is looked up by its id also by a connection that was made while the tables were empty', async () => {
    const url = await world.newDatabase()
    const database = await open({ url, poolSize: 3 })
    await database.findOwnedSessions([])
    await database.rotateSessions([])
    const { account, opened } = await signedIn(storesOf(database), 1)
    await queryPostgres(url, copiesOf(account.id, 20_000))
    for (let i = 0; i < 20; i++) {
      expect(
        await storesOf(database).sessions.rotateMany([rotationOf({ ...opened[0]!, generation: i })]),
      ).toEqual([true])
      await database.findOwnedSessions([opened[0]!.id])
    }
    const [{ read } = {}] = await statistics(url, 'seq_tup_read + idx_tup_fetch as read', 20_000)
    expect(read).toBeLessThan(40_000)
  })

  test('takes less than 400 bytes with its indexes, and no more after many refreshes', async () => {
    const url = await world.newDatabase()
    const database = await open({ url })
    const { account } = await signedIn(storesOf(database), 0)
    await queryPostgres(url, copiesOf(account.id, SESSIONS))
    const size = async () => {
      const [row] = await queryPostgres(url, `select pg_total_relation_size('sessions')::int4 as bytes`)
      return Number(row?.bytes) / SESSIONS
    }
    const before = await size()
    expect(before).toBeLessThan(400)

    const ids = (await queryPostgres(url, 'select id from sessions order by random()')).map(({ id }) =>
      String(id),
    )
    for (let round = 0; round < ROUNDS; round++) {
      for (let at = 0; at < ids.length; at += BATCH) await refresh(database, ids.slice(at, at + BATCH))
    }
    expect((await size()) / before).toBeLessThan(1.05)
    const [updates] = await statistics(url, 'n_tup_upd as all, n_tup_hot_upd as hot', SESSIONS * ROUNDS)
    expect(Number(updates?.hot) / Number(updates?.all)).toBeGreaterThan(0.99)
  }, 120_000)

  test('is in no index with a column that a refresh changes', async () => {
    const url = await world.newDatabase()
    await open({ url })
    const indexes = await queryPostgres(
      url,
      `select indexdef from pg_indexes where tablename = 'sessions' order by indexname`,
    )
    expect(indexes.map(({ indexdef }) => String(indexdef).replace(/^.* using /i, ''))).toEqual([
      'btree (user_id) WHERE (ended_at IS NULL)',
      'btree (id)',
    ])
  })
})

describe('others in the way', () => {
  test('of two transactions that wait for each other both are done: one again from the start', async () => {
    const url = await world.newDatabase()
    const database = await open({ url })
    const stores = storesOf(database)
    const users = [(await signedIn(stores, 0)).account, (await signedIn(stores, 0)).account]
    const bothHold = Promise.withResolvers<void>()
    let holders = 0
    const touch = async (order: typeof users) =>
      await database.write(async (trx) => {
        for (const [i, { id }] of order.entries()) {
          await trx
            .updateTable('users')
            .set((eb) => ({ credential_version: eb('credential_version', '+', 1) }))
            .where('id', '=', id)
            .execute()
          if (i > 0) continue
          if (++holders === 2) bothHold.resolve()
          await bothHold.promise
        }
      })
    await Promise.all([touch(users), touch(users.toReversed())])
    for (const { id } of users) expect((await stores.accounts.findById(id))?.credentialVersion).toBe(3)
    expect(holders).toBe(3)
  })

  test('batches that share sessions in another order never wait for each other for ever', async () => {
    const url = await world.newDatabase()
    const [one, other] = [await open({ url }), await open({ url })]
    const { opened } = await signedIn(storesOf(one), 40)
    const rotations = opened.map((session) => rotationOf(session))
    for (let round = 0; round < 20; round++) {
      const next = rotations.map((it) => ({
        expectedGeneration: round,
        next: { ...it.next, generation: round + 1, attempts: [attemptOf(round)] },
      }))
      const moved = await Promise.all([
        storesOf(one).sessions.rotateMany(next),
        storesOf(other).sessions.rotateMany(next.toReversed()),
      ])
      expect(moved[0].map((won, i) => Number(won) + Number(moved[1].at(-1 - i)))).toEqual(opened.map(() => 1))
    }
    const [deadlocks] = await queryPostgres(
      url,
      `select deadlocks from pg_stat_database where datname = current_database()`,
    )
    expect(deadlocks).toEqual({ deadlocks: 0 })
  })
})

describe('a replica, or a server that only reads', () => {
  test('is not ready, refuses to write, and says so of the store', async () => {
    const url = await world.newDatabase()
    const database = await open({ url })
    const { opened } = await signedIn(storesOf(database), 1)
    await database.ping()
    const name = new URL(url).pathname.slice(1)
    await queryPostgres(
      url,
      `alter database "${name}" set default_transaction_read_only = on;
       select pg_terminate_backend(pid) from pg_stat_activity where datname = '${name}' and pid <> pg_backend_pid()`,
    )
    await expect
      .poll(() => database.ping().catch((error: unknown) => error))
      .toBeInstanceOf(StoreUnavailableError)
    const rotating = storesOf(database).sessions.rotateMany([rotationOf(opened[0]!)])
    await expect(rotating).rejects.toThrow(StoreUnavailableError)
    await expect(storesOf(database).sessions.endMany([opened[0]!.id], 'logout', 1)).rejects.toThrow(
      StoreUnavailableError,
    )
  })
})

const SESSIONS = 20_000
const ROUNDS = 5
/** What arrives together, in no order: of one page a few at most. */
const BATCH = 50

async function emptyDatabase(name: string): Promise<string> {
  const url = await world.server.createDatabase(name)
  onTestFinished(() => world.server.dropDatabase(name))
  return url
}

/** What a browser's session is after some refreshes: four attempts, an IPv4 address, Chrome. */
function copiesOf(userId: string, count: number): string {
  return `
    insert into users (id, email, credential_version, roles, created_at)
    select gen_random_uuid(), gen_random_uuid() || '@example.com', 1, '[]', 0 from generate_series(1, ${count});
    insert into sessions (id, user_id, client, seed, generation, created_at, last_used_at, expires_at, attempts, ip, user_agent)
    select gen_random_uuid(), id, 'browser', decode(md5(id::text), 'hex'), 5, 1, 2, 3, decode(repeat('01', 88), 'hex'),
      '203.0.113.' || (random() * 200)::int4, E'\\\\x01\\\\x02\\\\x0b126\\\\x10'
    from users where id <> '${userId}' order by random()`
}

async function refresh(database: Awaited<ReturnType<typeof open>>, ids: string[]): Promise<void> {
  const { sessions } = storesOf(database)
  const found = await sessions.findMany(ids)
  const rotations = found.map((owned) => {
    const { session } = owned!
    const attempts = [...session.attempts.slice(1), attemptOf(session.generation)]
    return rotationOf(session, { attempts, lastUsedAt: session.lastUsedAt + 1, ip: '203.0.113.77' })
  })
  expect((await sessions.rotateMany(rotations)).every((moved) => moved)).toBe(true)
}

/** What the server counts of the sessions, once it has heard of so many rows. */
async function statistics(url: string, columns: string, rows: number) {
  const all = () =>
    queryPostgres(url, `select ${columns} from pg_stat_user_tables where relname = 'sessions'`)
  const counted = () =>
    queryPostgres(
      url,
      `select n_tup_ins + n_tup_upd as rows from pg_stat_user_tables where relname = 'sessions'`,
    )
  await expect.poll(async () => Number((await counted())[0]?.rows)).toBeGreaterThanOrEqual(rows)
  return await all()
}
