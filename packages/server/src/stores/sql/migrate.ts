import { type Kysely, sql } from 'kysely'
import { type Migration, Migrator } from 'kysely/migration'
import { ConfigError } from '../../errors.ts'
import { type Dialect, migrationsFor } from './migrations.ts'
import type { Schema } from './schema.ts'

/** A database whose tables may be of another version, or not there yet: what `latchkey migrate` works with. */
export interface DatabaseSchema {
  /** The names of the migrations that this version needs and the database has not had, in their order. Changes nothing. */
  pending(): Promise<string[]>
  /**
   * Applies them all in one transaction, while others that would do the same wait, and resolves to their names. Rejects with
   * `StoreUnavailableError`, and has changed nothing then.
   */
  migrate(): Promise<string[]>
  close(): Promise<void>
}

/** Kysely's own record of what was applied. */
const APPLIED = 'kysely_migration'
const DONE: Migration = { async up() {} }

/** The names of the migrations that this version needs and the database has not had. */
export async function pendingMigrations(db: Kysely<Schema>, dialect: Dialect): Promise<string[]> {
  const applied = new Set(await appliedMigrations(db, dialect))
  return Object.keys(migrationsFor(dialect)).filter((name) => !applied.has(name))
}

/** Applies what is pending, inside a transaction beside which no other migrates. Resolves to the names. */
export async function applyMigrations(trx: Kysely<Schema>, dialect: Dialect): Promise<string[]> {
  const pending = await pendingMigrations(trx, dialect)
  if (pending.length === 0) return []
  // A newer version has been here, and its migrations only added. Kysely takes a name that it does not know for a broken record.
  const applied = await appliedMigrations(trx, dialect)
  const migrations = {
    ...Object.fromEntries(applied.map((name) => [name, DONE])),
    ...migrationsFor(dialect),
  }
  const schema = await schemaOf(trx, dialect)
  const { error } = await new Migrator({
    db: trx,
    provider: { getMigrations: async () => migrations },
    allowUnorderedMigrations: true,
    ...(schema === null ? {} : { migrationTableSchema: schema }),
  }).migrateToLatest()
  if (error !== undefined) throw error
  return pending
}

/** Why a service does not start that may not change the tables itself; undefined where nothing is pending. */
export function refusalOf(pending: readonly string[]): ConfigError | undefined {
  if (pending.length === 0) return undefined
  const problem =
    `the database is of an older version, and LATCHKEY_AUTO_MIGRATE is off: ` +
    `run \`latchkey migrate\` (pending: ${pending.join(', ')})`
  return new ConfigError([{ setting: 'LATCHKEY_DATABASE_URL', problem }])
}

async function appliedMigrations(db: Kysely<Schema>, dialect: Dialect): Promise<string[]> {
  const { rows: tables } = await (dialect === 'sqlite'
    ? sql`select 1 from sqlite_master where type = 'table' and name = ${APPLIED}`
    : sql`select 1 from pg_catalog.pg_tables where schemaname = current_schema() and tablename = ${APPLIED}`
  ).execute(db)
  if (tables.length === 0) return []
  const { rows } = await sql<{ name: string }>`select name from ${sql.table(APPLIED)}`.execute(db)
  return rows.map(({ name }) => name)
}

/** The tables of another program in another schema of the same database are not ours. */
async function schemaOf(db: Kysely<Schema>, dialect: Dialect): Promise<string | null> {
  if (dialect === 'sqlite') return null
  const { rows } = await sql<{ schema: string | null }>`select current_schema() as schema`.execute(db)
  return rows[0]?.schema ?? null
}
