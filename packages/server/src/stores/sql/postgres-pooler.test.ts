import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { describeStore } from '../conformance.ts'
import { queryPostgres } from '../testing/servers/by-hand.ts'
import { LATER, rotationOf, signedIn } from '../testing/world.ts'
import { PostgresHotPath } from './postgres-hot-path.ts'
import { PostgresPool } from './postgres-pool.ts'
import { hasPgBouncer, type PgBouncer, startPgBouncer } from './testing/pgbouncer.ts'
import { open, type PostgresWorld, startPostgresWorld, storesOf } from './testing/postgres-world.ts'

let world: PostgresWorld
let bouncer: PgBouncer
beforeAll(async () => {
  world = await startPostgresWorld()
  if (hasPgBouncer()) bouncer = await startPgBouncer(world.server.port)
})
afterAll(async () => {
  await bouncer?.process.remove()
  await world.server.process.remove()
})

describe.skipIf(!hasPgBouncer())(
  'behind PgBouncer in transaction mode (skipped where it is not installed)',
  () => {
    describeStore('PostgreSQL', async () => {
      const url = throughBouncer(await world.newDatabase())
      const database = await open({ url })
      return {
        ...storesOf(database),
        openAgain: async () => storesOf(await open({ url })),
        takeAway: () => database.close(),
      }
    })

    test('the tables are made by many processes that start together', async () => {
      const direct = await world.server.createDatabase('pooled')
      onTestFinished(() => world.server.dropDatabase('pooled'))
      const url = throughBouncer(direct)
      const databases = await Promise.all(Array.from({ length: 4 }, () => open({ url })))
      await Promise.all(databases.map((database) => signedIn(storesOf(database), 1)))
      expect(await queryPostgres(direct, 'select 1 from users')).toHaveLength(4)
    })

    test('nothing of ours stays on a connection that others are given: no setting, and no prepared statement', async () => {
      const direct = await world.newDatabase()
      const url = throughBouncer(direct)
      const database = await open({ url })
      const { opened } = await signedIn(storesOf(database), 1)
      for (let i = 0; i < 10; i++) {
        await storesOf(database).sessions.rotateMany([rotationOf({ ...opened[0]!, generation: i })])
        await storesOf(database).sessions.endMany([], 'logout', LATER)
      }
      for (let i = 0; i < 10; i++) {
        const left = await queryPostgres(
          url,
          `select current_setting('statement_timeout') as statements, current_setting('enable_seqscan') as scans,
          (select count(*)::int4 from pg_prepared_statements) as prepared`,
        )
        expect(left).toEqual([{ statements: '0', scans: 'on', prepared: 0 }])
      }
    })

    test('a transaction has its time limit all the same', async () => {
      const database = await open({ url: throughBouncer(await world.newDatabase()), timeoutSeconds: 3 })
      const limit = await database.write((trx) =>
        trx
          .selectFrom('pg_settings' as 'keys')
          .select('setting' as 'id')
          .where('name' as 'id', '=', 'statement_timeout')
          .execute(),
      )
      expect(limit).toEqual([{ setting: '3000' }])
    })

    test('a revocation is known to other nodes in less than a second', async () => {
      const url = throughBouncer(await world.newDatabase())
      const [here, there] = [storesOf(await open({ url })), await open({ url })]
      let newest = 0
      const stop = there.watch(async () => {
        newest = await here.revocations.newest()
      })
      onTestFinished(stop)
      for (let i = 0; i < 5; i++) {
        await here.revocations.append({ kind: 'jti', subject: 'j', revokedAt: LATER, expiresAt: LATER + 1 })
        const position = await here.revocations.newest()
        const start = performance.now()
        await expect.poll(() => newest, { interval: 5 }).toBe(position)
        expect(performance.now() - start).toBeLessThan(A_SECOND_MS)
      }
    })
  },
)

test('a prepared statement that somebody else has taken away, or has made, is done without from then on', async () => {
  const url = await world.newDatabase()
  const { opened } = await signedIn(storesOf(await open({ url })), 1)
  const pool = new PostgresPool({ url, timeoutSeconds: 5 }, 1)
  onTestFinished(() => pool.end())
  const hotPath = new PostgresHotPath(pool)
  const find = async () => (await hotPath.findOwnedSessions([opened[0]!.id]))[0]?.id
  const prepared = async () =>
    await pool.use(
      async (client) => (await client.query('select name from pg_prepared_statements')).rows.length,
    )
  expect(await find()).toBe(opened[0]!.id)
  expect(await prepared()).toBe(1)
  await pool.use((client) => client.query('deallocate all'))
  expect(await find()).toBe(opened[0]!.id)
  expect(await find()).toBe(opened[0]!.id)
  expect(await prepared()).toBe(0)
})

/** Two polls, and what a busy machine adds. */
const A_SECOND_MS = 1_000

function throughBouncer(url: string): string {
  return url.replace(`:${world.server.port}/`, `:${bouncer.port}/`)
}
