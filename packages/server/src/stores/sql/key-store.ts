import type { Kysely } from 'kysely'
import type { KeyPurpose, StoredKey } from '../../keys/key.ts'
import type { KeyStore } from '../../keys/store.ts'
import type { SqlDatabase } from './database.ts'
import { appendRevocations } from './revocation-store.ts'
import type { KeyRow, Schema } from './schema.ts'

export function createSqlKeyStore(database: SqlDatabase): KeyStore {
  return {
    async list(purpose) {
      return await listKeys(database.reader, purpose)
    },

    async update(purpose, plan) {
      return await database.write(async (trx) => {
        await database.alone(trx, 'keys')
        const { add = [], replace = [], remove = [], revocations = [] } = plan(await listKeys(trx, purpose))
        if (remove.length > 0) await trx.deleteFrom('keys').where('id', 'in', remove).execute()
        for (const key of replace) {
          await trx.updateTable('keys').set(toRow(key)).where('id', '=', key.id).execute()
        }
        if (add.length > 0) await trx.insertInto('keys').values(add.map(toRow)).execute()
        await appendRevocations(database, trx, revocations)
        return await listKeys(trx, purpose)
      })
    },
  }
}

async function listKeys(db: Kysely<Schema>, purpose: KeyPurpose): Promise<StoredKey[]> {
  const rows = await db
    .selectFrom('keys')
    .selectAll()
    .where('purpose', '=', purpose)
    .orderBy('active_from')
    .execute()
  return rows.map((row) => ({
    id: row.id,
    purpose: row.purpose,
    algorithm: row.algorithm,
    publicJwk: row.public_jwk,
    sealed: row.sealed,
    createdAt: row.created_at,
    activeFrom: row.active_from,
    tokenSeconds: row.token_seconds,
  }))
}

function toRow(key: StoredKey): KeyRow {
  return {
    id: key.id,
    purpose: key.purpose,
    algorithm: key.algorithm,
    public_jwk: key.publicJwk,
    sealed: key.sealed,
    created_at: key.createdAt,
    active_from: key.activeFrom,
    token_seconds: key.tokenSeconds,
  }
}
