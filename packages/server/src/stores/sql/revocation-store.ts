import type { Transaction } from 'kysely'
import { sql } from 'kysely'
import type { NewRevocation, RevocationEntry } from '../../revocations/entry.ts'
import type { RevocationStore } from '../../revocations/store.ts'
import type { Instant } from '../../time.ts'
import type { SqlDatabase } from './database.ts'
import type { RevocationRow, Schema } from './schema.ts'

export function createSqlRevocationStore(database: SqlDatabase): RevocationStore {
  const { reader } = database
  const after = (position: number, limit: number) =>
    reader
      .selectFrom('revocations')
      .selectAll()
      .where('position', '>', position)
      .orderBy('position')
      .limit(limit)
  return {
    async append(entry) {
      await database.write((trx) => appendRevocations(trx, [entry]))
    },

    async after(position, limit) {
      return (await after(position, limit).execute()).map(toEntry)
    },

    async unexpired(now, position, limit) {
      return (await after(position, limit).where('expires_at', '>', now).execute()).map(toEntry)
    },

    async newest() {
      const row = await reader
        .selectFrom('revocations')
        .select('position')
        .orderBy('position', 'desc')
        .limit(1)
        .executeTakeFirst()
      return row?.position ?? 0
    },

    async forget(instant, limit) {
      return await database.write(async (trx) => {
        const expired = trx
          .selectFrom('revocations')
          .select('position')
          .where('expires_at', '<=', instant)
          .limit(limit)
        const { numDeletedRows } = await trx
          .deleteFrom('revocations')
          .where('position', 'in', expired)
          .executeTakeFirstOrThrow()
        return Number(numDeletedRows)
      })
    },

    watch: (onChange) => database.watch(onChange),
  }
}

/** Writes entries inside the transaction that brings them about. */
export async function appendRevocations(
  trx: Transaction<Schema>,
  entries: readonly NewRevocation[],
): Promise<void> {
  for (const { kind, subject, revokedAt, expiresAt } of entries) {
    await trx
      .insertInto('revocations')
      .values({ kind, subject, revoked_at: revokedAt, expires_at: expiresAt })
      .execute()
  }
}

/**
 * The same for every session that was opened before an instant and has not ended. One statement: there may be a million.
 * A session whose absolute end is long over has issued nothing that is good still.
 */
export async function appendRevocationsOfSessions(
  trx: Transaction<Schema>,
  openedBefore: Instant,
  now: Instant,
  refusedForMs: number,
): Promise<void> {
  const hex = sql<string>`lower(hex(id))`
  const part = (from: number, length: number) => sql`substr(${hex}, ${sql.lit(from)}, ${sql.lit(length)})`
  const uuid = sql<string>`${part(1, 8)} || '-' || ${part(9, 4)} || '-' || ${part(13, 4)} || '-' || ${part(17, 4)} || '-' || ${part(21, 12)}`
  // As in the ending of single sessions: a clock may have been set back since.
  const latest = sql`case when last_used_at > ${now} then last_used_at else ${now} end`
  await trx
    .insertInto('revocations')
    .columns(['kind', 'subject', 'revoked_at', 'expires_at'])
    .expression((eb) =>
      eb
        .selectFrom('sessions')
        .select([
          eb.val<RevocationRow['kind']>('sid').as('kind'),
          uuid.as('subject'),
          eb.val(now).as('revoked_at'),
          sql<number>`${latest} + ${refusedForMs}`.as('expires_at'),
        ])
        .where('created_at', '<', openedBefore)
        .where('ended_at', 'is', null)
        .where('expires_at', '>', now - refusedForMs),
    )
    .execute()
}

function toEntry(row: Omit<RevocationRow, 'position'> & { position: number }): RevocationEntry {
  return {
    position: row.position,
    kind: row.kind,
    subject: row.subject,
    revokedAt: row.revoked_at,
    expiresAt: row.expires_at,
  }
}
