import { type Kysely, sql } from 'kysely'
import { type Migration, Migrator } from 'kysely/migration'
import { ConfigError } from '../../errors.ts'
import { type Dialect, migrationsFor } from './migrations.ts'
import type { Schema } from './schema.ts'

/** What `latchkey migrate` works with: a database whose tables may be of another version, or not there yet. */
export interface DatabaseSchema {
  /** The names of the migrations that this version needs and that have not been applied, in their order. */
  pending(): Promise<string[]>
  /** Applies them in one transaction, while others that would do the same wait, and resolves to their names. */
  migrate(): Promise<string[]>
  close(): Promise<void>
}

const APPLIED = 'kysely_migration'

/** The names of the migrations that this version needs and the database has not had. Changes nothing. */
export async function pendingMigrations(db: Kysely<Schema>, dialect: Dialect): Promise<string[]> {
  const applied = await appliedMigrations(db, dialect)
  return Object.keys(migrationsFor(dialect)).filter((name) => !applied.includes(name))
}

/** Applies what is pending inside a transaction that no other migration runs beside. Resolves to the names. */
export async function applyMigrations(trx: Kysely<Schema>, dialect: Dialect): Promise<string[]> {
  const applied = await appliedMigrations(trx, dialect)
  const ours = migrationsFor(dialect)
  const pending = Object.keys(ours).filter((name) => !applied.includes(name))
  if (pending.length === 0) return []
  // A newer version has been here, and its migrations only added. Kysely takes a name that it does not know for a broken history.
  const ofNewer = applied.filter((name) => !(name in ours)).map((name) => [name, DONE] as const)
  const migrations = { ...ours, ...Object.fromEntries(ofNewer) }
  const schema = await currentSchema(trx, dialect)
  const { error } = await new Migrator({
    db: trx,
    provider: { getMigrations: async () => migrations },
    allowUnorderedMigrations: true,
    ...(schema === undefined ? {} : { migrationTableSchema: schema }),
  }).migrateToLatest()
  if (error !== undefined) throw error
  return pending
}

/** What a service says that is not to change the tables itself. */
export function migrationsNeeded(pending: readonly string[]): ConfigError {
  const problem = `the database is of an older version (${pending.join(', ')}): run \`latchkey migrate\`, or set LATCHKEY_AUTO_MIGRATE=on`
  return new ConfigError([{ setting: 'LATCHKEY_DATABASE_URL', problem }])
}

const DONE: Migration = { async up() {} }

async function appliedMigrations(db: Kysely<Schema>, dialect: Dialect): Promise<string[]> {
  const exists =
    dialect === 'sqlite'
      ? sql<{
          found: unknown
        }>`select 1 as found from sqlite_master where type = 'table' and name = ${APPLIED}`
      : sql<{
          found: unknown
        }>`select 1 as found from pg_tables where schemaname = current_schema() and tablename = ${APPLIED}`
  if ((await exists.execute(db)).rows.length === 0) return []
  const { rows } = await sql<{ name: string }>`select name from ${sql.table(APPLIED)} order by name`.execute(
    db,
  )
  return rows.map(({ name }) => name)
}

/** Another program's tables in another schema of the database are not ours. */
async function currentSchema(db: Kysely<Schema>, dialect: Dialect): Promise<string | undefined> {
  if (dialect === 'sqlite') return undefined
  const { rows } = await sql<{ schema: string | null }>`select current_schema() as schema`.execute(db)
  return rows[0]?.schema ?? undefined
}
