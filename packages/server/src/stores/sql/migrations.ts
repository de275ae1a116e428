import { type Kysely, sql } from 'kysely'
import type { Migration } from 'kysely/migration'

/**
 * The schema's history. A migration is never changed once released, and only adds: the version before it must be
 * able to serve beside the one after it.
 */
export const MIGRATIONS: Record<string, Migration> = {
  '0001-users-sessions-keys': {
    async up(db: Kysely<unknown>) {
      await db.schema
        .createTable('users')
        .addColumn('id', 'blob', (column) => column.primaryKey().notNull())
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
      await db.schema
        .createTable('sessions')
        .addColumn('id', 'blob', (column) => column.primaryKey().notNull())
        .addColumn('user_id', 'blob', (column) => column.notNull())
        .addColumn('client', 'text', (column) => column.notNull())
        .addColumn('seed', 'blob', (column) => column.notNull())
        .addColumn('generation', 'bigint', (column) => column.notNull())
        .addColumn('created_at', 'bigint', (column) => column.notNull())
        .addColumn('last_used_at', 'bigint', (column) => column.notNull())
        .addColumn('expires_at', 'bigint', (column) => column.notNull())
        .addColumn('attempts', 'blob', (column) => column.notNull())
        .addColumn('ip', 'text')
        .addColumn('user_agent', 'text')
        .addColumn('ended_at', 'bigint')
        .addColumn('end_reason', 'text')
        .modifyEnd(sql`without rowid`)
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
        .addColumn('sealed', 'blob')
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
        .addColumn('position', 'integer', (column) => column.primaryKey().autoIncrement())
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
        .addColumn('secret_digest', 'blob', (column) => column.notNull())
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
}
