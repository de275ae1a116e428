import { type Kysely, sql } from 'kysely'
import type { Migration } from 'kysely/migration'

export type Dialect = 'sqlite' | 'postgres'

/** Room in each page, so that a refresh writes the new version of its row beside the old one. */
const SESSIONS_FILLFACTOR = 85

/**
 * The schema's history. A migration is never changed once released, and only adds: the version before it must be
 * able to serve beside the one after it.
 */
export function migrationsFor(dialect: Dialect): Record<string, Migration> {
  const isPostgres = dialect === 'postgres'
  const id = isPostgres ? 'uuid' : 'blob'
  const bytes = isPostgres ? 'bytea' : 'blob'
  return {
    '0001-users-sessions-keys': {
      async up(db: Kysely<unknown>) {
        await db.schema
          .createTable('users')
          .addColumn('id', id, (column) => column.primaryKey().notNull())
          .addColumn('email', 'text', (column) => column.notNull().unique())
          .addColumn('email_verified_at', 'bigint')
          .addColumn('password_phc', 'text')
          .addColumn('pepper_id', 'text')
          .addColumn('credential_version', 'integer', (column) => column.notNull())
          .addColumn('roles', 'text', (column) => column.notNull())
          .addColumn('created_at', 'bigint', (column) => column.notNull())
          .addColumn('disabled_at', 'bigint')
          .execute()

        // No index holds a column that a refresh changes, so that a refresh writes one page.
        let sessions = db.schema
          .createTable('sessions')
          .addColumn('id', id, (column) => column.primaryKey().notNull())
          .addColumn('user_id', id, (column) => column.notNull())
        for (const { name, type, isNullable } of sessionColumns(dialect)) {
          sessions = sessions.addColumn(name, type, (column) => (isNullable ? column : column.notNull()))
        }
        await sessions
          .modifyEnd(
            isPostgres ? sql`with (fillfactor = ${sql.lit(SESSIONS_FILLFACTOR)})` : sql`without rowid`,
          )
          .execute()
        await db.schema
          .createIndex('sessions_of_user')
          .on('sessions')
          .column('user_id')
          .where(sql.ref('ended_at'), 'is', null)
          .execute()

        await db.schema
          .createTable('keys')
          .addColumn('id', 'text', (column) => column.primaryKey().notNull())
          .addColumn('purpose', 'text', (column) => column.notNull())
          .addColumn('algorithm', 'text')
          .addColumn('public_jwk', 'text')
          .addColumn('sealed', bytes)
          .addColumn('created_at', 'bigint', (column) => column.notNull())
          .addColumn('active_from', 'bigint', (column) => column.notNull())
          .execute()
      },
    },

    '0002-revocations': {
      async up(db: Kysely<unknown>) {
        // The position only grows, also when the newest rows are forgotten: a reader's place is never given out twice.
        await db.schema
          .createTable('revocations')
          .addColumn('position', isPostgres ? 'bigserial' : 'integer', (column) =>
            isPostgres ? column.primaryKey() : column.primaryKey().autoIncrement(),
          )
          .addColumn('kind', 'text', (column) => column.notNull())
          .addColumn('subject', 'text', (column) => column.notNull())
          .addColumn('revoked_at', 'bigint', (column) => column.notNull())
          .addColumn('expires_at', 'bigint', (column) => column.notNull())
          .execute()
        await db.schema.createIndex('revocations_by_expiry').on('revocations').column('expires_at').execute()
      },
    },

    '0003-services': {
      async up(db: Kysely<unknown>) {
        await db.schema
          .createTable('services')
          .addColumn('id', 'text', (column) => column.primaryKey().notNull())
          .addColumn('name', 'text', (column) => column.notNull())
          .addColumn('secret_digest', bytes, (column) => column.notNull())
          .addColumn('audience', 'text')
          .addColumn('created_at', 'bigint', (column) => column.notNull())
          .execute()
      },
    },

    '0004-token-seconds': {
      async up(db: Kysely<unknown>) {
        // The keys of before get the default lifetime; a service with a longer one says so when it starts.
        await db.schema
          .alterTable('keys')
          .addColumn('token_seconds', 'integer', (column) => column.notNull().defaultTo(900))
          .execute()
      },
    },

    '0005-kept-session': {
      async up(db: Kysely<unknown>) {
        await db.schema.alterTable('users').addColumn('kept_session_id', id).execute()
      },
    },

    '0006-upkeep': {
      async up(db: Kysely<unknown>) {
        await db.schema
          .createTable('upkeep')
          .addColumn('task', 'text', (column) => column.primaryKey().notNull())
          .addColumn('cursor', 'text')
          .addColumn('due_at', 'bigint', (column) => column.notNull())
          .execute()
      },
    },

    ...(isPostgres ? { '0007-limits': { up: createLimits } } : {}),
  }
}

/** PostgreSQL begins each bigint at a multiple of 8 bytes: behind texts it would cost up to 7 more. */
function sessionColumns(dialect: Dialect) {
  const bytes = dialect === 'postgres' ? 'bytea' : 'blob'
  const columns = [
    { name: 'client', type: 'text', isNullable: false },
    { name: 'seed', type: bytes, isNullable: false },
    { name: 'generation', type: 'bigint', isNullable: false },
    { name: 'created_at', type: 'bigint', isNullable: false },
    { name: 'last_used_at', type: 'bigint', isNullable: false },
    { name: 'expires_at', type: 'bigint', isNullable: false },
    { name: 'attempts', type: bytes, isNullable: false },
    { name: 'ip', type: 'text', isNullable: true },
    { name: 'user_agent', type: 'text', isNullable: true },
    { name: 'ended_at', type: 'bigint', isNullable: true },
    { name: 'end_reason', type: 'text', isNullable: true },
  ] as const
  if (dialect === 'sqlite') return columns
  return [
    ...columns.filter(({ type }) => type === 'bigint'),
    ...columns.filter(({ type }) => type !== 'bigint'),
  ]
}

/**
 * The columns are rate-limiter-flexible's, in its order. Unlogged: counting costs no flush to the disk, and survives all but a
 * crash of the database.
 */
async function createLimits(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('limits')
    .modifyFront(sql`unlogged`)
    .addColumn('key', 'text', (column) => column.primaryKey().notNull())
    .addColumn('points', 'integer', (column) => column.notNull())
    .addColumn('expire', 'bigint')
    .execute()
}
