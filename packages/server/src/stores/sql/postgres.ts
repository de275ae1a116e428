import { sql, type Transaction } from 'kysely'
import type { SqlDatabase } from './database.ts'
import { applyMigrations, type DatabaseSchema, migrationsNeeded, pendingMigrations } from './migrate.ts'
import { CHANNEL, PostgresChanges } from './postgres-changes.ts'
import { kyselyOver } from './postgres-dialect.ts'
import { findAccounts, findOwnedSessions, rotateSessions } from './postgres-hot-path.ts'
import { PostgresPool } from './postgres-pool.ts'
import type { Schema } from './schema.ts'

export interface PostgresOptions {
  /** `postgres://USER:PASSWORD@HOST:PORT/NAME` */
  url: string
  /** Connections at most, 3 or more: one listens, a share is kept for refreshes. @default 10 */
  poolSize?: number
  /** Seconds that a statement may take. @default 5 */
  timeoutSeconds?: number
  /** Whether tables of an older version are changed, or else refused with `ConfigError`. @default true */
  autoMigrate?: boolean
}

/** Numbers that nobody else takes as advisory locks: "latchkey" and a place. */
const LOCKS = { migrations: 1, keys: 2, revocations: 3 } as const
const LOCK_SPACE = 0x6c61_7463

/**
 * Opens a database of a PostgreSQL server, 13 or later, and makes or migrates its tables. Any number of processes may
 * share it. Rejects with `ConfigError` or `StoreUnavailableError`.
 */
export async function openPostgres({
  url,
  poolSize = 10,
  timeoutSeconds = 5,
  autoMigrate = true,
}: PostgresOptions): Promise<SqlDatabase> {
  const connection = { url, timeoutSeconds }
  const hotSize = Math.max(1, Math.floor(poolSize / 4))
  const hot = new PostgresPool(connection, hotSize, async () => {})
  const pool = new PostgresPool(connection, Math.max(1, poolSize - hotSize - 1), async () => {})
  const db = kyselyOver(pool, 'begin isolation level read committed')
  const changes = new PostgresChanges(connection)
  const writesOfLog = new WeakSet<Transaction<Schema>>()

  const schema: DatabaseSchema = {
    pending: () => pendingMigrations(db, 'postgres'),
    migrate: () =>
      db.transaction().execute(async (trx) => {
        await lock(trx, 'migrations')
        return await applyMigrations(trx, 'postgres')
      }),
    close,
  }
  try {
    const pending = await schema.pending()
    if (pending.length > 0 && !autoMigrate) throw migrationsNeeded(pending)
    if (pending.length > 0) await schema.migrate()
  } catch (error) {
    await close()
    throw error
  }

  async function close(): Promise<void> {
    changes.stop()
    await Promise.all([hot.end(), pool.end()])
  }

  return {
    reader: db,
    dbId: (id) => id,
    locksRows: true,

    async alone(trx, what) {
      if (what === 'revocations') writesOfLog.add(trx)
      await lock(trx, what)
    },

    async write(work) {
      let isNews = false
      const result = await db.transaction().execute(async (trx) => {
        const result = await work(trx)
        isNews = writesOfLog.has(trx)
        return result
      })
      if (isNews) changes.announce()
      return result
    },

    findOwnedSessions: (ids) => findOwnedSessions(hot, ids),
    findAccounts: (ids) => findAccounts(hot, ids),
    rotateSessions: (rotations) => rotateSessions(hot, rotations),
    watch: (onChange) => changes.watch(onChange),

    async ping() {
      await sql`select 1 from users limit 1`.execute(db)
    },

    close,
  }
}

/** Held to the end of the transaction. Whoever waits for the log is woken by the commit that adds to it. */
async function lock(trx: Transaction<Schema>, what: keyof typeof LOCKS): Promise<void> {
  const locked = sql`pg_advisory_xact_lock(${LOCK_SPACE}::int4, ${LOCKS[what]}::int4)`
  const told = what === 'revocations' ? sql`, pg_notify(${CHANNEL}, '')` : sql``
  await sql`select ${locked}${told}`.execute(trx)
}
