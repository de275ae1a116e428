import type { AccountStore } from '../accounts/store.ts'
import type { AuthSettings } from '../config.ts'
import type { KeyStore } from '../keys/store.ts'
import type { RevocationStore } from '../revocations/store.ts'
import type { ServiceStore } from '../services/store.ts'
import type { SessionStore } from '../sessions/store.ts'
import { createSqlAccountStore } from './sql/account-store.ts'
import type { SqlDatabase } from './sql/database.ts'
import { createSqlKeyStore } from './sql/key-store.ts'
import { openPostgres } from './sql/postgres.ts'
import { createSqlRevocationStore } from './sql/revocation-store.ts'
import { createSqlServiceStore } from './sql/service-store.ts'
import { createSqlSessionStore } from './sql/session-store.ts'
import { openSqlite } from './sql/sqlite.ts'

/** Everything that is kept, and where: what the settings name. */
export interface Stores {
  accounts: AccountStore
  sessions: SessionStore
  keys: KeyStore
  services: ServiceStore
  revocations: RevocationStore
  /** Resolves when all of it can be read and written. Rejects with `StoreUnavailableError`. */
  ping(): Promise<void>
  close(): Promise<void>
}

export type StoreSettings = Pick<
  AuthSettings,
  'database' | 'databasePool' | 'databaseTimeoutSeconds' | 'autoMigrate'
>

/**
 * Opens what the settings name, and makes or migrates what is missing there. Rejects with `StoreUnavailableError`.
 * @param refusedForMs how long the access tokens of an ended session may live on now: so long its end is told
 */
export async function openStores(settings: StoreSettings, refusedForMs: () => number): Promise<Stores> {
  const sql = await openSql(settings)
  return {
    accounts: createSqlAccountStore(sql, refusedForMs),
    sessions: createSqlSessionStore(sql, refusedForMs),
    keys: createSqlKeyStore(sql),
    services: createSqlServiceStore(sql),
    revocations: createSqlRevocationStore(sql),
    ping: () => sql.ping(),
    close: () => sql.close(),
  }
}

async function openSql(settings: StoreSettings): Promise<SqlDatabase> {
  const { database, databasePool: poolSize, databaseTimeoutSeconds: timeoutSeconds, autoMigrate } = settings
  switch (database.kind) {
    case 'sqlite':
      return await openSqlite(database.path)
    case 'postgres':
      return await openPostgres({ url: database.url, poolSize, timeoutSeconds, autoMigrate })
  }
}
