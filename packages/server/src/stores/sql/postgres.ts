import { sql, type Transaction } from 'kysely'
import { StoreUnavailableError } from '../../errors.ts'
import { idOrNobodys } from '../../ids.ts'
import type { SqlDatabase } from './database.ts'
import { applyMigrations, type DatabaseSchema, pendingMigrations, refusalOf } from './migrate.ts'
import { CHANNEL, PostgresChanges } from './postgres-changes.ts'
import { limits } from './postgres-connection.ts'
import { kyselyOver } from './postgres-dialect.ts'
import { wasInTheWay, wasLost } from './postgres-errors.ts'
import { PostgresHotPath } from './postgres-hot-path.ts'
import { PostgresPool } from './postgres-pool.ts'
import { persistently } from './postgres-retry.ts'
import { meetPostgres, missingRight, toStartError } from './postgres-start.ts'
import type { Schema } from './schema.ts'

export interface PostgresOptions {
  /** `postgres://USER:PASSWORD@HOST:PORT/NAME` */
  url: string
  /** Connections at most, 3 or more: one listens, and a share is kept for refreshes. @default 10 */
  poolSize?: number
  /** Seconds that a statement may take. @default 5 */
  timeoutSeconds?: number
  /** Whether the tables of an older version are changed, or else refused with `ConfigError`. @default true */
  autoMigrate?: boolean
  /** Seconds to wait for a server that is being started. @default 30 */
  waitSeconds?: number
}

/**
 * One plan is made for each connection and kept, maybe while the tables are empty and to read all of them would be the best: it
 * has to be the one that looks the rows up by their ids.
 */
const HOT_SETTINGS = {
  plan_cache_mode: 'force_generic_plan',
  enable_seqscan: 'off',
  enable_hashjoin: 'off',
  enable_mergejoin: 'off',
  cpu_tuple_cost: '1',
}

const BEGIN = 'begin isolation level read committed'

/** The first of two numbers of each advisory lock: "latc". */
const LOCK_SPACE = 0x6c61_7463
const LOCKS = { migrations: 1, keys: 2, revocations: 3 } as const

/**
 * Opens a database of a PostgreSQL server, 13 or later, and makes or migrates its tables. Any number of processes may
 * share it. Rejects with `ConfigError` or `StoreUnavailableError`.
 */
export async function openPostgres({
  url,
  poolSize = 10,
  timeoutSeconds = 5,
  autoMigrate = true,
  waitSeconds = 30,
}: PostgresOptions): Promise<SqlDatabase> {
  const connection = { url, timeoutSeconds }
  const notices = await meetPostgres(connection, waitSeconds)
  const tables = openPostgresSchema({ url })
  try {
    const pending = await tables.pending()
    const refusal = autoMigrate ? undefined : refusalOf(pending)
    if (refusal !== undefined) throw refusal
    if (pending.length > 0) await tables.migrate()
  } finally {
    await tables.close()
  }

  // Refreshes, and readers of the log, have connections of their own: sign-ins that are slow take them none.
  const hotSize = Math.max(1, Math.floor(poolSize / 4))
  const hotPool = new PostgresPool({ ...connection, settings: HOT_SETTINGS }, hotSize)
  const pool = new PostgresPool(connection, Math.max(1, poolSize - hotSize - 1))
  const hotPath = new PostgresHotPath(hotPool)
  const db = kyselyOver(pool, () => (pool.isPooled ? `${BEGIN}; ${localLimits(timeoutSeconds)}` : BEGIN))
  const changes = new PostgresChanges(connection)
  const writersOfLog = new WeakSet<Transaction<Schema>>()

  return {
    notices,
    reader: db,
    logReader: kyselyOver(hotPool, () => BEGIN),
    dbId: idOrNobodys,
    locksRows: true,

    async alone(trx, what) {
      if (what === 'revocations') writersOfLog.add(trx)
      await lock(trx, what)
    },

    async write(work) {
      let isCommitting = false
      let isNews = false
      const result = await persistently(
        async () => {
          isCommitting = false
          return await db.transaction().execute(async (trx) => {
            const result = await work(trx)
            isNews = writersOfLog.has(trx)
            isCommitting = true
            return result
          })
        },
        // A commit whose answer was lost may have happened: nobody can say so here, and whoever asked tries again.
        (error) => wasInTheWay(error) || (wasLost(error) && !isCommitting),
      )
      if (isNews) changes.announce()
      return result
    },

    findOwnedSessions: (ids) => hotPath.findOwnedSessions(ids),
    findAccounts: (ids) => hotPath.findAccounts(ids),
    rotateSessions: (rotations) => hotPath.rotateSessions(rotations),
    watch: (onChange) => changes.watch(onChange),

    async ping() {
      const isReadOnly = sql<{ is_read_only: string }>`
        select current_setting('transaction_read_only') as is_read_only from (select 1 from users limit 1) as users`
      const [{ rows }] = await Promise.all([isReadOnly.execute(db), hotPath.findOwnedSessions([])])
      if (rows[0]?.is_read_only === 'on')
        throw new StoreUnavailableError(new Error('the server is read-only'))
    },

    async close() {
      await Promise.all([changes.stop(), hotPool.end(), pool.end()])
    },
  }
}

/** The tables of a database, which has to be there: nothing is waited for. Rejects with `ConfigError` too. */
export function openPostgresSchema({ url }: Pick<PostgresOptions, 'url'>): DatabaseSchema {
  // A change of large tables takes its time.
  const pool = new PostgresPool({ url, timeoutSeconds: null }, 1)
  const db = kyselyOver(pool, () => `${BEGIN}; ${localLimits(null)}`)
  return {
    async pending() {
      return await asStart(() => pendingMigrations(db, 'postgres'))
    },
    async migrate() {
      return await asStart(() =>
        db.transaction().execute(async (trx) => {
          await lock(trx, 'migrations')
          if (!(await mayCreate(trx))) throw missingRight()
          return await applyMigrations(trx, 'postgres')
        }),
      )
    },
    close: () => pool.end(),
  }
}

async function asStart<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work()
  } catch (error) {
    throw toStartError(error)
  }
}

async function mayCreate(trx: Transaction<Schema>): Promise<boolean> {
  const { rows } = await sql<{ may: boolean }>`
    select has_schema_privilege(current_schema(), 'create') as may`.execute(trx)
  return rows[0]?.may === true
}

/** Held to the end of the transaction. Whoever watches the log is woken by the commit that adds to it. */
async function lock(trx: Transaction<Schema>, what: keyof typeof LOCKS): Promise<void> {
  const locked = sql`pg_advisory_xact_lock(${LOCK_SPACE}::int4, ${LOCKS[what]}::int4)`
  const told = what === 'revocations' ? sql`, pg_notify(${CHANNEL}, '')` : sql``
  await sql`select ${locked}${told}`.execute(trx)
}

function localLimits(timeoutSeconds: number | null): string {
  return Object.entries(limits(timeoutSeconds))
    .map(([name, value]) => `set local ${name} = ${value}`)
    .join('; ')
}
