import type { StoredService } from '../../services/service.ts'
import type { ServiceStore } from '../../services/store.ts'
import type { SqlDatabase } from './database.ts'
import type { ServiceRow } from './schema.ts'

export function createSqlServiceStore(database: SqlDatabase): ServiceStore {
  const { reader } = database
  return {
    async add(service) {
      await database.write(async (trx) => {
        await trx.insertInto('services').values(toRow(service)).execute()
      })
    },

    async find(id) {
      const row = await reader.selectFrom('services').selectAll().where('id', '=', id).executeTakeFirst()
      return row === undefined ? undefined : toService(row)
    },

    async list() {
      const rows = await reader
        .selectFrom('services')
        .selectAll()
        .orderBy('created_at')
        .orderBy('id')
        .execute()
      return rows.map(toService)
    },

    async remove(id) {
      return await database.write(async (trx) => {
        const { numDeletedRows } = await trx
          .deleteFrom('services')
          .where('id', '=', id)
          .executeTakeFirstOrThrow()
        return numDeletedRows > 0n
      })
    },
  }
}

function toService(row: ServiceRow): StoredService {
  return {
    id: row.id,
    name: row.name,
    secretDigest: row.secret_digest,
    audience: row.audience,
    createdAt: row.created_at,
  }
}

function toRow(service: StoredService): ServiceRow {
  return {
    id: service.id,
    name: service.name,
    secret_digest: service.secretDigest,
    audience: service.audience,
    created_at: service.createdAt,
  }
}
