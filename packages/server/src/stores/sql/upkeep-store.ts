import { sql } from 'kysely'
import type { UpkeepStore } from '../../upkeep/store.ts'
import type { SqlDatabase } from './database.ts'
import { toId } from './rows.ts'
import { sessionsBehind } from './walk.ts'

/** What a session takes beside its two texts: its columns, the row's head, two places in indexes and the room that pages leave. */
const BYTES_BESIDE_TEXTS = 290

/** SQLite works in the thread that serves; PostgreSQL on the other end of a wire, to which each way costs more than the rows. */
const ROWS_TO_REMOVE = { inThisThread: 32, elsewhere: 256 }

export function createSqlUpkeepStore(database: SqlDatabase): UpkeepStore {
  const { reader, dbId } = database
  return {
    rowsToRemove: database.locksRows ? ROWS_TO_REMOVE.elsewhere : ROWS_TO_REMOVE.inThisThread,

    async sessionsBehind(id, limit) {
      const rows = await sessionsBehind(database, dbId(id), limit)
      return rows.map((row) => ({
        id: toId(row.id),
        lastUsedAt: row.last_used_at,
        expiresAt: row.expires_at,
        endedAt: row.ended_at,
      }))
    },

    async removeSessions(fromId, toId, { endedUntil, usedUntil, expiresUntil }) {
      return await database.write(async (trx) => {
        // As isOver in upkeep/rules.ts says, of the row as it is now: it may have been refreshed since it was looked at.
        const { numDeletedRows } = await trx
          .deleteFrom('sessions')
          .where('id', '>=', dbId(fromId))
          .where('id', '<=', dbId(toId))
          .where(({ and, eb, or }) =>
            or([
              eb('ended_at', '<=', endedUntil),
              and([
                eb('ended_at', 'is', null),
                or([eb('last_used_at', '<=', usedUntil), eb('expires_at', '<=', expiresUntil)]),
              ]),
            ]),
          )
          .executeTakeFirstOrThrow()
        return Number(numDeletedRows)
      })
    },

    async averageBytes(ids) {
      if (ids.length === 0) return 0
      const row = await reader
        .selectFrom('sessions')
        .select(
          sql<number>`cast(avg(coalesce(length(ip), 0) + coalesce(length(user_agent), 0)) as integer)`.as(
            'texts',
          ),
        )
        .where('id', 'in', ids.map(dbId))
        .executeTakeFirst()
      return BYTES_BESIDE_TEXTS + (row?.texts ?? 0)
    },

    async findPlan(task) {
      const plan = await reader
        .selectFrom('upkeep')
        .select(['cursor', 'due_at'])
        .where('task', '=', task)
        .executeTakeFirst()
      return plan === undefined ? { cursor: null, dueAt: 0 } : { cursor: plan.cursor, dueAt: plan.due_at }
    },

    async replacePlan(task, seenDueAt, { cursor, dueAt }) {
      return await database.write(async (trx) => {
        if (seenDueAt === 0) {
          await trx
            .insertInto('upkeep')
            .values({ task, cursor: null, due_at: 0 })
            .onConflict((conflict) => conflict.doNothing())
            .execute()
        }
        const { numUpdatedRows } = await trx
          .updateTable('upkeep')
          .set({ cursor, due_at: dueAt })
          .where('task', '=', task)
          .where('due_at', '=', seenDueAt)
          .executeTakeFirstOrThrow()
        return numUpdatedRows === 1n
      })
    },
  }
}
