import {
  CompiledQuery,
  type DatabaseConnection,
  Kysely,
  PostgresDialect,
  type PostgresDialectConfig,
  PostgresDriver,
  type PostgresPoolClient,
} from 'kysely'
import { toStoreError } from './postgres-errors.ts'
import type { PostgresPool } from './postgres-pool.ts'
import type { Schema } from './schema.ts'

/** @param begin what opens a transaction, sent as one message */
export function kyselyOver(pool: PostgresPool, begin: () => string): Kysely<Schema> {
  return new Kysely<Schema>({ dialect: new Dialect(pool, begin) })
}

class Dialect extends PostgresDialect {
  readonly #config: PostgresDialectConfig
  readonly #begin: () => string

  constructor(pool: PostgresPool, begin: () => string) {
    const config = {
      pool: { connect: () => connect(pool), end: () => pool.end(), options: pool.options },
    }
    super(config)
    this.#config = config
    this.#begin = begin
  }

  override createDriver(): PostgresDriver {
    return new TransactionDriver(this.#config, this.#begin)
  }
}

class TransactionDriver extends PostgresDriver {
  readonly #begin: () => string

  constructor(config: PostgresDialectConfig, begin: () => string) {
    super(config)
    this.#begin = begin
  }

  override async beginTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw(this.#begin()))
  }
}

/** A connection of the driver, with a store's errors. One that broke says no more, not even its rollback. */
async function connect(pool: PostgresPool): Promise<PostgresPoolClient> {
  const client = await pool.connect()
  let broken: { error: unknown } | undefined
  const connection = {
    async query(text: string, parameters: readonly unknown[]) {
      if (broken !== undefined) throw broken.error
      try {
        return await client.query(text, [...parameters])
      } catch (cause) {
        const error = toStoreError(cause)
        if (pool.isBrokenBy(cause)) broken = { error }
        throw error
      }
    },
    release: (destroy?: boolean) => client.release(destroy === true || broken !== undefined),
  }
  return connection as unknown as PostgresPoolClient
}
