import type { Transaction } from 'kysely'
import type { NewRevocation, RevocationEntry } from '../../revocations/entry.ts'
import type { RevocationStore } from '../../revocations/store.ts'
import type { SqlDatabase } from './database.ts'
import type { RevocationRow, Schema } from './schema.ts'

export function createSqlRevocationStore(database: SqlDatabase): RevocationStore {
  const { logReader } = database
  const after = (position: number, limit: number) =>
    logReader
      .selectFrom('revocations')
      .selectAll()
      .where('position', '>', position)
      .orderBy('position')
      .limit(limit)
  return {
    async append(entry) {
      await database.write((trx) => appendRevocations(database, trx, [entry]))
    },

    async after(position, limit) {
      return (await after(position, limit).execute()).map(toEntry)
    },

    async unexpired(now, position, limit) {
      return (await after(position, limit).where('expires_at', '>', now).execute()).map(toEntry)
    },

    async newest() {
      const row = await logReader
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

/** Entries of one statement: each is four parameters, of which a database takes so many. */
const ENTRIES_AT_ONCE = 1_000

/** Writes entries inside the transaction that brings them about, as the last thing that it does. */
export async function appendRevocations(
  database: SqlDatabase,
  trx: Transaction<Schema>,
  entries: readonly NewRevocation[],
): Promise<void> {
  if (entries.length === 0) return
  await database.alone(trx, 'revocations')
  const rows = entries.map(({ kind, subject, revokedAt, expiresAt }) => ({
    kind,
    subject,
    revoked_at: revokedAt,
    expires_at: expiresAt,
  }))
  for (let i = 0; i < rows.length; i += ENTRIES_AT_ONCE) {
    await trx
      .insertInto('revocations')
      .values(rows.slice(i, i + ENTRIES_AT_ONCE))
      .execute()
  }
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
