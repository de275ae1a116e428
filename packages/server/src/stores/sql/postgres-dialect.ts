import {
  CompiledQuery,
  type DatabaseConnection,
  Kysely,
  PostgresDialect,
  PostgresDriver,
  type PostgresPoolClient,
  type PostgresQueryResult,
} from 'kysely'
import type pg from 'pg'
import { toStoreError } from './postgres-errors.ts'
import type { PostgresPool } from './postgres-pool.ts'
import type { Schema } from './schema.ts'

/**
 * @param begin the statements that open a transaction, sent as one
 */
export function kyselyOver(pool: PostgresPool, begin: string): Kysely<Schema> {
  const config = {
    pool: {
      connect: async () => connectionOf(await pool.connect()),
      end: () => pool.end(),
      options: pool.options,
    },
  }
  class Dialect extends PostgresDialect {
    override createDriver(): PostgresDriver {
      return new Driver(config)
    }
  }
  class Driver extends PostgresDriver {
    override async beginTransaction(connection: DatabaseConnection): Promise<void> {
      await connection.executeQuery(CompiledQuery.raw(begin))
    }
  }
  return new Kysely<Schema>({ dialect: new Dialect(config) })
}

const connections = new WeakMap<pg.PoolClient, PostgresPoolClient>()

/** The driver's connection with a store's errors. */
function connectionOf(client: pg.PoolClient): PostgresPoolClient {
  const known = connections.get(client)
  if (known !== undefined) return known
  const connection = {
    async query(text: string, parameters: readonly unknown[]) {
      try {
        return (await client.query(text, parameters as unknown[])) as unknown as PostgresQueryResult<unknown>
      } catch (error) {
        throw toStoreError(error)
      }
    },
    release: (destroy?: boolean) => client.release(destroy),
  } as unknown as PostgresPoolClient
  connections.set(client, connection)
  return connection
}
