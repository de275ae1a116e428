import { closeSync, existsSync, mkdirSync, openSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { idToBytes } from '../../ids.ts'
import type { AccountRow, OwnedSessionRow, SqlDatabase } from './database.ts'
import { applyMigrations, type DatabaseSchema, pendingMigrations, refusalOf } from './migrate.ts'
import { migrationsFor } from './migrations.ts'
import { Mutex } from './mutex.ts'
import { SqliteChanges } from './sqlite-changes.ts'
import { kyselyOver } from './sqlite-driver.ts'
import { mapErrors } from './sqlite-errors.ts'
import { BUSY_BLOCK_MS, begin, patiently } from './sqlite-lock.ts'
import { refuseMoved, standOnlyUnmoved } from './sqlite-moved.ts'

const CACHE_KIB = 8_192

const FIND_OWNED = `
  select s.*, u.email, u.email_verified_at, u.roles, u.credential_version, u.created_at as user_created_at, u.disabled_at
  from sessions s join users u on u.id = s.user_id
  where s.id = ?`
const FIND_ACCOUNT = `
  select id, email, email_verified_at, roles, credential_version, created_at, disabled_at, kept_session_id
  from users where id = ?`
const ROTATE = `
  update sessions set generation = ?, last_used_at = ?, attempts = ?, ip = ?
  where id = ? and generation = ? and ended_at is null`

export interface SqliteOptions {
  /** Whether the tables of an older version are changed, or else refused with `ConfigError`. @default true */
  autoMigrate?: boolean
}

/**
 * Opens, and where needed creates and migrates, an SQLite file. Several processes of one machine may share it.
 * Rejects with `StoreUnavailableError` when it cannot be opened.
 */
export async function openSqlite(
  path: string,
  { autoMigrate = true }: SqliteOptions = {},
): Promise<SqlDatabase> {
  const schema = openSqliteSchema(path)
  try {
    const refusal = autoMigrate ? undefined : refusalOf(await schema.pending())
    if (refusal !== undefined) throw refusal
    await schema.migrate()
  } finally {
    await schema.close()
  }
  const reader = await open(path)
  const writer = await open(path)
  const lock = new Mutex()
  const readerDb = kyselyOver(reader, new Mutex())
  const writerDb = kyselyOver(writer, lock)

  const owned = { byReader: reader.prepare(FIND_OWNED), byWriter: writer.prepare(FIND_OWNED) }
  const account = { byReader: reader.prepare(FIND_ACCOUNT), byWriter: writer.prepare(FIND_ACCOUNT) }
  const rotate = writer.prepare(ROTATE)
  const changes = new SqliteChanges(reader)

  function findMany<Row>(find: { byReader: StatementSync; byWriter: StatementSync }, ids: readonly string[]) {
    return mapErrors(() => {
      // The writer keeps its page cache over its own commits, where the reader has to read every page again. But what
      // another request has not committed yet is not for this one.
      const [connection, statement] = writer.isTransaction ? [reader, find.byReader] : [writer, find.byWriter]
      // One look at the file for the whole batch, instead of one for each row.
      connection.exec('begin')
      try {
        return ids.map((id) => statement.get(idToBytes(id)) as Row | undefined)
      } finally {
        connection.exec('commit')
      }
    })
  }

  return {
    notices: [],
    reader: readerDb,
    logReader: readerDb,
    dbId: idToBytes,
    locksRows: false,
    async alone() {},

    async write(work) {
      const result = await writerDb.transaction().execute(work)
      changes.announce()
      return result
    },

    findOwnedSessions: async (ids) => findMany<OwnedSessionRow>(owned, ids),
    findAccounts: async (ids) => findMany<AccountRow>(account, ids),

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
                idToBytes(row.id),
                row.expected_generation,
              ).changes === 1,
          ),
        )
      })
    },

    watch: (onChange) => changes.watch(onChange),

    async ping() {
      mapErrors(() => reader.prepare('select 1 from users limit 1').get())
      standOnlyUnmoved(reader)
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

/** The tables of a file, which is made when they are. */
export function openSqliteSchema(path: string): DatabaseSchema {
  let opened: DatabaseSync | undefined
  const db = async () => {
    opened ??= await open(path)
    return kyselyOver(opened, new Mutex())
  }
  return {
    async pending() {
      if (!existsSync(path)) return Object.keys(migrationsFor('sqlite'))
      return await pendingMigrations(await db(), 'sqlite')
    },
    // All in one `begin immediate`: that is the lock between processes that start together.
    async migrate() {
      return await (await db()).transaction().execute((trx) => applyMigrations(trx, 'sqlite'))
    },
    async close() {
      opened?.close()
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
      refuseMoved(database)
      return database
    } catch (error) {
      database.close()
      throw error
    }
  })
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
