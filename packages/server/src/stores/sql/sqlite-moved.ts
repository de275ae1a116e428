import type { DatabaseSync } from 'node:sqlite'
import { ConfigError, StoreUnavailableError } from '../../errors.ts'
import { toTimestamp } from '../../time.ts'

/** What a file says whose data is in PostgreSQL now. */
export interface Moved {
  at: number
  /** HOST:PORT/NAME */
  target: string
  /** `finishing`: PostgreSQL was about to be told to keep it, and nobody knows yet whether it has. */
  state: 'finishing' | 'done'
}

/** Null for a file that holds its own data. */
export function findMoved(database: DatabaseSync): Moved | null {
  const known = database.prepare("select 1 from sqlite_master where type = 'table' and name = 'moved'").get()
  if (known === undefined) return null
  return database.prepare('select at, target, state from moved').get() as unknown as Moved
}

/** Throws what a start says on a file whose data is elsewhere. */
export function refuseMoved(database: DatabaseSync): void {
  const moved = findMoved(database)
  if (moved === null) return
  const { at, target, state } = moved
  const problem =
    state === 'done'
      ? `the data of this file was moved to PostgreSQL at ${toTimestamp(at)}: set it to the database ${target}`
      : `a move of this file to the database ${target} was broken off at its last step: run the same \`latchkey move\` again`
  throw new ConfigError([{ setting: 'LATCHKEY_DATABASE_URL', problem }])
}

/** Throws what a service answers that still runs on such a file. */
export function standOnlyUnmoved(database: DatabaseSync): void {
  if (findMoved(database) !== null) {
    throw new StoreUnavailableError(new Error('the data of this file was moved to PostgreSQL'))
  }
}

/**
 * Writes the mark, and makes every later write fail: a service that still runs on the file must not move a session whose
 * truth is elsewhere. To be called inside a transaction.
 */
export function markMoved(database: DatabaseSync, tables: readonly string[], moved: Moved): void {
  database.exec('create table moved (at integer not null, target text not null, state text not null)')
  database
    .prepare('insert into moved (at, target, state) values (?, ?, ?)')
    .run(moved.at, moved.target, moved.state)
  for (const { name, table, change } of guards(tables)) {
    database.exec(
      `create trigger "${name}" before ${change} on "${table}" begin select raise(abort, 'moved to PostgreSQL'); end`,
    )
  }
}

export function finishMoved(database: DatabaseSync): void {
  database.exec("update moved set state = 'done'")
}

/** Gives the file back its data. To be called inside a transaction. */
export function unmarkMoved(database: DatabaseSync, tables: readonly string[]): void {
  for (const { name } of guards(tables)) database.exec(`drop trigger if exists "${name}"`)
  database.exec('drop table moved')
}

function guards(tables: readonly string[]) {
  return tables.flatMap((table) =>
    ['insert', 'update', 'delete'].map((change) => ({ name: `moved_${table}_${change}`, table, change })),
  )
}
