import type { CounterStore } from '../abuse/store.ts'
import type { AccountStore } from '../accounts/store.ts'
import type { AuthSettings } from '../config.ts'
import type { KeyStore } from '../keys/store.ts'
import type { RevocationStore } from '../revocations/store.ts'
import type { ServiceStore } from '../services/store.ts'
import type { SessionStore } from '../sessions/store.ts'
import type { UpkeepStore } from '../upkeep/store.ts'
import { createMemoryCounters, createWorkerCounters } from './limits/memory.ts'
import type { RedisStores } from './redis/open.ts'
import { createSqlAccountStore } from './sql/account-store.ts'
import type { SqlDatabase } from './sql/database.ts'
import { createSqlKeyStore } from './sql/key-store.ts'
import type { DatabaseSchema } from './sql/migrate.ts'
import { statementsOf } from './sql/migration-sql.ts'
import { createSqlRevocationStore } from './sql/revocation-store.ts'
import { createSqlServiceStore } from './sql/service-store.ts'
import { createSqlSessionStore } from './sql/session-store.ts'
import { openSqlite, openSqliteSchema } from './sql/sqlite.ts'
import { createSqlUpkeepStore } from './sql/upkeep-store.ts'

// The drivers of PostgreSQL and Redis are loaded where they are needed: beside a file they would cost each start 70 ms and 20 MB.

/** Everything that is kept, and where: what the settings name. */
export interface Stores {
  accounts: AccountStore
  sessions: SessionStore
  keys: KeyStore
  services: ServiceStore
  revocations: RevocationStore
  upkeep: UpkeepStore
  /** The counts behind the limits. It may be away while everything else is there. */
  counters: CounterStore
  /** What whoever runs the service should know about what holds its data, as whole sentences. */
  notices: readonly string[]
  /** Resolves when all of it can be read and written. Rejects with `StoreUnavailableError`. */
  ping(): Promise<void>
  close(): Promise<void>
}

export type StoreSettings = Pick<
  AuthSettings,
  | 'database'
  | 'databasePool'
  | 'databaseTimeoutSeconds'
  | 'autoMigrate'
  | 'redis'
  | 'redisPrefix'
  | 'idleTtlSeconds'
  | 'sessionRetentionSeconds'
  | 'now'
> & {
  /** Whether this is one of several processes of a primary that counts for them. @default false */
  isWorker?: boolean
}

/**
 * Opens what the settings name, and makes or migrates what is missing there. Rejects with `StoreUnavailableError`.
 * @param refusedForMs how long the access tokens of an ended session may live on now: so long its end is told
 */
export async function openStores(settings: StoreSettings, refusedForMs: () => number): Promise<Stores> {
  const sql = await openSql(settings)
  let redis: RedisStores | null
  try {
    redis = await openRedis(settings, sql, refusedForMs)
  } catch (error) {
    await sql.close()
    throw error
  }
  return {
    accounts: redis?.accounts ?? createSqlAccountStore(sql, refusedForMs),
    sessions: redis?.sessions ?? createSqlSessionStore(sql, refusedForMs),
    keys: createSqlKeyStore(sql),
    services: createSqlServiceStore(sql),
    revocations: redis?.revocations ?? createSqlRevocationStore(sql),
    upkeep: createSqlUpkeepStore(sql),
    counters: await openCounters(settings, sql, redis),
    notices: [...sql.notices, ...(redis?.notices ?? []), ...(redis === null ? [] : await sleepersIn(sql))],
    async ping() {
      await Promise.all([sql.ping(), redis?.ping()])
    },
    async close() {
      redis?.close()
      await sql.close()
    },
  }
}

async function openRedis(
  { redis: url, ...settings }: StoreSettings,
  sql: SqlDatabase,
  refusedForMs: () => number,
): Promise<RedisStores | null> {
  if (url === null) return null
  const { openRedisStores } = await import('./redis/open.ts')
  return await openRedisStores({ ...settings, url }, sql, refusedForMs)
}

/** Sessions that were opened before Redis was. */
async function sleepersIn({ reader }: SqlDatabase): Promise<string[]> {
  const sleeper = await reader
    .selectFrom('sessions')
    .select('id')
    .where('ended_at', 'is', null)
    .limit(1)
    .executeTakeFirst()
  if (sleeper === undefined) return []
  return [
    'the database holds sessions from before Redis: their users sign in once more. Without Redis they would live again: `latchkey sessions revoke` ends them then',
  ]
}

async function openSql(settings: StoreSettings): Promise<SqlDatabase> {
  const { database, databasePool: poolSize, databaseTimeoutSeconds: timeoutSeconds, autoMigrate } = settings
  switch (database.kind) {
    case 'sqlite':
      return await openSqlite(database.path, { autoMigrate })
    case 'postgres': {
      const { openPostgres } = await import('./sql/postgres.ts')
      return await openPostgres({ url: database.url, poolSize, timeoutSeconds, autoMigrate })
    }
  }
}

/** The tables of the database, of whatever version they are. */
export interface Tables extends DatabaseSchema {
  /** What a migration would run, in its order. */
  statementsOf(migration: string): Promise<string[]>
}

/** The tables of the database alone, of whatever version they are. */
export async function openSchema({ database }: Pick<StoreSettings, 'database'>): Promise<Tables> {
  const schema =
    database.kind === 'sqlite'
      ? openSqliteSchema(database.path)
      : (await import('./sql/postgres.ts')).openPostgresSchema(database)
  return { ...schema, statementsOf: (migration) => statementsOf(database.kind, migration) }
}

/** A count need not survive what an attacker cannot bring about: beside SQLite it costs no write to the disk. */
async function openCounters(
  { database, redisPrefix, isWorker = false }: StoreSettings,
  sql: SqlDatabase,
  redis: RedisStores | null,
): Promise<CounterStore> {
  if (redis !== null) {
    const { createRedisCounters } = await import('./limits/redis.ts')
    return createRedisCounters(redis.client, redisPrefix)
  }
  switch (database.kind) {
    case 'sqlite':
      return isWorker ? createWorkerCounters() : createMemoryCounters()
    case 'postgres': {
      const { createPostgresCounters } = await import('./limits/postgres.ts')
      return createPostgresCounters(sql.reader)
    }
  }
}
