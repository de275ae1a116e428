// PostgreSQL databases for tests: made in a moment from one that is migrated already, and gone with the test.
import { onTestFinished } from 'vitest'
import { type PostgresServer, startPostgres } from '../../testing/servers/postgres.ts'
import { REFUSED_FOR_MS, type Stores } from '../../testing/world.ts'
import { createSqlAccountStore } from '../account-store.ts'
import type { SqlDatabase } from '../database.ts'
import { createSqlKeyStore } from '../key-store.ts'
import { openPostgres, type PostgresOptions } from '../postgres.ts'
import { createSqlRevocationStore } from '../revocation-store.ts'
import { createSqlServiceStore } from '../service-store.ts'
import { createSqlSessionStore } from '../session-store.ts'

const MIGRATED = 'migrated'

export interface PostgresWorld {
  server: PostgresServer
  /** A database of its own with the tables in it, for the running test. Resolves to its URL. */
  newDatabase(): Promise<string>
}

/** Starts a server of the tests' own. To be removed by who asked for it. */
export async function startPostgresWorld(settings: Record<string, string> = {}): Promise<PostgresWorld> {
  const server = await startPostgres({ fsync: 'off', ...settings })
  const database = await openPostgres({ url: await server.createDatabase(MIGRATED) })
  await database.close()
  let count = 0
  return {
    server,
    async newDatabase() {
      const name = `test_${count++}`
      const url = await server.createDatabase(name, MIGRATED)
      onTestFinished(() => server.dropDatabase(name))
      return url
    },
  }
}

/** Opens a database for the running test. */
export async function open(options: PostgresOptions): Promise<SqlDatabase> {
  const database = await openPostgres(options)
  onTestFinished(() => database.close())
  return database
}

export function storesOf(database: SqlDatabase): Stores {
  return {
    accounts: createSqlAccountStore(database, () => REFUSED_FOR_MS),
    sessions: createSqlSessionStore(database, () => REFUSED_FOR_MS),
    keys: createSqlKeyStore(database),
    services: createSqlServiceStore(database),
    revocations: createSqlRevocationStore(database),
  }
}
