import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite'
import {
  type CompiledQuery,
  type DatabaseConnection,
  type Driver,
  Kysely,
  type QueryResult,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from 'kysely'
import type { Mutex } from './mutex.ts'
import type { Schema } from './schema.ts'
import { mapErrors } from './sqlite-errors.ts'
import { begin } from './sqlite-lock.ts'

/** @param lock taken also by whoever begins a transaction on this connection without Kysely */
export function kyselyOver(database: DatabaseSync, lock: Mutex): Kysely<Schema> {
  return new Kysely<Schema>({
    dialect: {
      createAdapter: () => new Adapter(),
      createDriver: () => new SqliteDriver(database, lock),
      createIntrospector: (db) => new SqliteIntrospector(db),
      createQueryCompiler: () => new SqliteQueryCompiler(),
    },
  })
}

class Adapter extends SqliteAdapter {
  /** There is one, and the driver's own lock keeps the order: Kysely's would not tell how long each has waited. */
  override get supportsMultipleConnections(): boolean {
    return true
  }

  override get supportsTransactionalDdl(): boolean {
    return true
  }
}

/** One connection for Kysely; its lock keeps another request's statements out of an open transaction. */
class SqliteDriver implements Driver {
  readonly #connection: Connection
  readonly #database: DatabaseSync
  readonly #lock: Mutex
  #release: (() => void) | undefined
  #waitedMs = 0

  constructor(database: DatabaseSync, lock: Mutex) {
    this.#database = database
    this.#lock = lock
    this.#connection = new Connection(database)
  }

  async init(): Promise<void> {}

  async acquireConnection(): Promise<DatabaseConnection> {
    const { release, waitedMs } = await this.#lock.acquire()
    this.#release = release
    this.#waitedMs = waitedMs
    return this.#connection
  }

  async beginTransaction(): Promise<void> {
    await begin(this.#database, this.#waitedMs)
  }

  async commitTransaction(): Promise<void> {
    mapErrors(() => this.#database.exec('commit'))
  }

  async rollbackTransaction(): Promise<void> {
    if (this.#database.isTransaction) mapErrors(() => this.#database.exec('rollback'))
  }

  async releaseConnection(): Promise<void> {
    this.#release?.()
  }

  async destroy(): Promise<void> {
    this.#database.close()
  }
}

class Connection implements DatabaseConnection {
  readonly #database: DatabaseSync
  readonly #statements = new Map<string, Prepared>()

  constructor(database: DatabaseSync) {
    this.#database = database
  }

  async executeQuery<Row>({ sql, parameters }: CompiledQuery): Promise<QueryResult<Row>> {
    return mapErrors(() => {
      const { statement, hasRows } = this.#prepare(sql)
      const values = parameters as SQLInputValue[]
      if (hasRows) return { rows: statement.all(...values) as Row[] }
      const { changes } = statement.run(...values)
      return { rows: [], numAffectedRows: BigInt(changes) }
    })
  }

  // biome-ignore lint/correctness/useYield: the driver interface asks for it, and nothing here streams
  async *streamQuery<Row>(): AsyncIterableIterator<QueryResult<Row>> {
    throw new Error('streaming is not supported')
  }

  #prepare(sql: string): Prepared {
    const known = this.#statements.get(sql)
    if (known !== undefined) return known
    const statement = this.#database.prepare(sql)
    const prepared = { statement, hasRows: statement.columns().length > 0 }
    if (this.#statements.size < 200) this.#statements.set(sql, prepared)
    return prepared
  }
}

interface Prepared {
  statement: StatementSync
  /** Whether it answers with rows: SQLite itself knows, also of what was written by hand. */
  hasRows: boolean
}
