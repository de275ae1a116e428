import { closeSync, mkdirSync, openSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite'
import { setTimeout as delay } from 'node:timers/promises'
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
import { type MigrationProvider, Migrator } from 'kysely/migration'
import { StoreUnavailableError } from '../../errors.ts'
import type { OwnedSessionRow, SqlDatabase } from './database.ts'
import { MIGRATIONS } from './migrations.ts'
import { Mutex } from './mutex.ts'
import type { Schema } from './schema.ts'
import { SqliteChanges } from './sqlite-changes.ts'

/** How long a write waits for another process that holds the file. */
const BUSY_WAIT_MS = 2_000
/** How long one attempt may hold up the event loop: longer than another process needs for a batch. */
const BUSY_BLOCK_MS = 10
const CACHE_KIB = 8_192

const FIND_OWNED = `
  select s.*, u.email, u.email_verified_at, u.roles, u.credential_version, u.created_at as user_created_at, u.disabled_at
  from sessions s join users u on u.id = s.user_id
  where s.id = ?`
const ROTATE = `
  update sessions set generation = ?, last_used_at = ?, attempts = ?, ip = ?
  where id = ? and generation = ? and ended_at is null`

/**
 * Opens, and where needed creates and migrates, an SQLite file. Several processes of one machine may share it.
 * Rejects with `StoreUnavailableError` when it cannot be opened.
 */
export async function openSqlite(path: string): Promise<SqlDatabase> {
  const reader = await open(path)
  const writer = await open(path)
  const lock = new Mutex()
  const readerDb = kyselyOver(reader, new Mutex())
  const writerDb = kyselyOver(writer, lock)
  await migrate(writerDb)

  const findByReader = reader.prepare(FIND_OWNED)
  const findByWriter = writer.prepare(FIND_OWNED)
  const rotate = writer.prepare(ROTATE)
  const changes = new SqliteChanges(reader)

  return {
    reader: readerDb,

    async write(work) {
      const result = await writerDb.transaction().execute(work)
      changes.announce()
      return result
    },

    async findOwnedSessions(ids) {
      return mapErrors(() => {
        // The writer keeps its page cache over its own commits, where the reader has to read every page again. But what
        // another request has not committed yet is not for this one.
        const [connection, find] = writer.isTransaction ? [reader, findByReader] : [writer, findByWriter]
        // One look at the file for the whole batch, instead of one for each row.
        connection.exec('begin')
        try {
          return ids.map((id) => find.get(id) as OwnedSessionRow | undefined)
        } finally {
          connection.exec('commit')
        }
      })
    },

    async rotateSessions(rotations) {
      return await lock.run(async (waitedMs) => {
        await begin(writer, waitedMs)
        return commit(writer, () =>
          rotations.map(
            (row) =>
              rotate.run(
                row.generation,
                row.last_used_at,
                row.attempts,
                row.ip,
                row.id,
                row.expected_generation,
              ).changes === 1,
          ),
        )
      })
    },

    watch: (onChange) => changes.watch(onChange),

    async ping() {
      mapErrors(() => reader.prepare('select 1 from users limit 1').get())
      await lock.run(async (waitedMs) => {
        await begin(writer, waitedMs)
        writer.exec('rollback')
      })
    },

    async close() {
      changes.stop()
      await lock.run(async () => {
        for (const database of [reader, writer]) if (database.isOpen) database.close()
      })
    },
  }
}

async function open(path: string): Promise<DatabaseSync> {
  return await patiently(0, () => {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
    // SQLite gives its side files the mode of the main one: only the service's user may read them.
    closeSync(openSync(path, 'a', 0o600))
    const database = new DatabaseSync(path, { timeout: BUSY_BLOCK_MS })
    try {
      database.exec('pragma journal_mode = wal')
      // FULL: a commit that was answered survives a power cut, not only a crash.
      database.exec('pragma synchronous = full')
      database.exec(`pragma cache_size = -${CACHE_KIB}`)
      return database
    } catch (error) {
      database.close()
      throw error
    }
  })
}

/** All in one `begin immediate`, the migrator's own tables too: that is the lock between processes that start together. */
async function migrate(db: Kysely<Schema>): Promise<void> {
  const provider: MigrationProvider = { getMigrations: async () => MIGRATIONS }
  await db.transaction().execute(async (trx) => {
    const { error } = await new Migrator({ db: trx, provider }).migrateToLatest()
    if (error !== undefined) throw error
  })
}

function kyselyOver(database: DatabaseSync, lock: Mutex): Kysely<Schema> {
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
  readonly #statements = new Map<string, StatementSync>()

  constructor(database: DatabaseSync) {
    this.#database = database
  }

  async executeQuery<Row>({ sql, parameters, query }: CompiledQuery): Promise<QueryResult<Row>> {
    return mapErrors(() => {
      const statement = this.#prepare(sql)
      const values = parameters as SQLInputValue[]
      if (query.kind === 'SelectQueryNode' || /\breturning\b/i.test(sql)) {
        return { rows: statement.all(...values) as Row[] }
      }
      const { changes } = statement.run(...values)
      return { rows: [], numAffectedRows: BigInt(changes) }
    })
  }

  // biome-ignore lint/correctness/useYield: the driver interface asks for it, and nothing here streams
  async *streamQuery<Row>(): AsyncIterableIterator<QueryResult<Row>> {
    throw new Error('streaming is not supported')
  }

  #prepare(sql: string): StatementSync {
    const known = this.#statements.get(sql)
    if (known !== undefined) return known
    const statement = this.#database.prepare(sql)
    if (this.#statements.size < 200) this.#statements.set(sql, statement)
    return statement
  }
}

/** Takes the file's write lock, so that nothing in the transaction can meet another writer. */
async function begin(database: DatabaseSync, waitedMs: number): Promise<void> {
  await patiently(waitedMs, () => database.exec('begin immediate'))
}

function commit<Result>(database: DatabaseSync, work: () => Result): Result {
  return mapErrors(() => {
    try {
      const result = work()
      database.exec('commit')
      return result
    } catch (error) {
      if (database.isTransaction) database.exec('rollback')
      throw error
    }
  })
}

/** Tries until another process lets go of the file, without holding up the event loop meanwhile. */
async function patiently<Result>(waitedMs: number, attempt: () => Result): Promise<Result> {
  // Whoever has waited that long behind others gives up at once: a try of each would hold up the event loop.
  if (waitedMs >= BUSY_WAIT_MS) throw new StoreUnavailableError(new Error('other writers took too long'))
  const deadline = performance.now() + BUSY_WAIT_MS - waitedMs
  for (;;) {
    try {
      return attempt()
    } catch (error) {
      if (!isBusy(error) || performance.now() >= deadline) throw toStoreError(error)
      await delay(1 + Math.random() * 10)
    }
  }
}

function mapErrors<Result>(work: () => Result): Result {
  try {
    return work()
  } catch (error) {
    throw toStoreError(error)
  }
}

const SQLITE_BUSY = 5
const SQLITE_LOCKED = 6
const SQLITE_CONSTRAINT = 19

/** SQLite's own errors become one; a broken constraint and whatever the caller threw stay what they are. */
function toStoreError(error: unknown): unknown {
  const code = primaryCode(error)
  if (code === SQLITE_CONSTRAINT) return error
  return code !== undefined || isSystemError(error) ? new StoreUnavailableError(error) : error
}

function isBusy(error: unknown): boolean {
  const code = primaryCode(error)
  return code === SQLITE_BUSY || code === SQLITE_LOCKED
}

function primaryCode(error: unknown): number | undefined {
  const code = (error as { errcode?: unknown }).errcode
  return typeof code === 'number' ? code & 0xff : undefined
}

function isSystemError(error: unknown): boolean {
  const { code, syscall } = error as { code?: unknown; syscall?: unknown }
  return typeof syscall === 'string' || code === 'ERR_INVALID_STATE'
}
