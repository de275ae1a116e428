import type { Kysely, Transaction } from 'kysely'
import { bytesToId, idToBytes } from '../../ids.ts'
import type { SessionStore } from '../../sessions/store.ts'
import type { SqlDatabase } from './database.ts'
import { toOwnedSession, toRotationRow, toSession, toSessionRow } from './rows.ts'
import type { Schema, SessionRow } from './schema.ts'

export function createSqlSessionStore(database: SqlDatabase): SessionStore {
  const { reader } = database
  return {
    async open({ session, credentialVersion, maxSessions, idleSince }) {
      const row = toSessionRow(session)
      return await database.write(async (trx) => {
        const user = await trx
          .selectFrom('users')
          .select('id')
          .where('id', '=', row.user_id)
          .where('credential_version', '=', credentialVersion)
          .where('disabled_at', 'is', null)
          .executeTakeFirst()
        if (user === undefined) return { opened: false }
        await trx.insertInto('sessions').values(row).execute()
        const surplus = await trx
          .selectFrom('sessions')
          .select('id')
          .where('user_id', '=', row.user_id)
          .where('id', '!=', row.id)
          .where('ended_at', 'is', null)
          .where('expires_at', '>', session.createdAt)
          .where('last_used_at', '>', idleSince)
          .orderBy('last_used_at', 'desc')
          .offset(maxSessions - 1)
          .limit(Number.MAX_SAFE_INTEGER)
          .execute()
        await end(trx, surplus, { ended_at: session.createdAt, end_reason: 'session_limit' })
        return { opened: true, endedIds: surplus.map(({ id }) => bytesToId(id)) }
      })
    },

    async findMany(ids) {
      const rows = await database.findOwnedSessions(ids.map(idToBytes))
      return rows.map((row) => (row === undefined ? undefined : toOwnedSession(row)))
    },

    async rotateMany(rotations) {
      return await database.rotateSessions(rotations.map(toRotationRow))
    },

    async endMany(ids, reason, now) {
      return await database.write(async (trx) => {
        const live = await trx
          .selectFrom('sessions')
          .select('id')
          .where('id', 'in', ids.map(idToBytes))
          .where('ended_at', 'is', null)
          .execute()
        await end(trx, live, { ended_at: now, end_reason: reason })
        return live.map(({ id }) => bytesToId(id))
      })
    },

    async listByUser(userId) {
      const rows = await liveOf(reader, idToBytes(userId))
        .selectAll()
        .orderBy('last_used_at', 'desc')
        .execute()
      return rows.map(toSession)
    },

    async endByUser(userId, { except, reason, now }) {
      return await database.write((trx) =>
        endSessionsOfUser(trx, idToBytes(userId), except === null ? null : idToBytes(except), {
          ended_at: now,
          end_reason: reason,
        }),
      )
    },

    async endOpenedBefore(before, reason, now) {
      return await database.write(async (trx) => {
        const { numUpdatedRows } = await trx
          .updateTable('sessions')
          .set({ ended_at: now, end_reason: reason })
          .where('created_at', '<', before)
          .where('ended_at', 'is', null)
          .executeTakeFirst()
        return Number(numUpdatedRows)
      })
    },
  }
}

/** Ends a user's sessions inside a transaction that changes the account too. */
export async function endSessionsOfUser(
  trx: Transaction<Schema>,
  userId: Uint8Array,
  except: Uint8Array | null,
  ending: Pick<SessionRow, 'ended_at' | 'end_reason'>,
): Promise<string[]> {
  let live = liveOf(trx, userId).select('id')
  if (except !== null) live = live.where('id', '!=', except)
  const rows = await live.execute()
  await end(trx, rows, ending)
  return rows.map(({ id }) => bytesToId(id))
}

function liveOf(db: Kysely<Schema>, userId: Uint8Array) {
  return db.selectFrom('sessions').where('user_id', '=', userId).where('ended_at', 'is', null)
}

async function end(
  trx: Transaction<Schema>,
  rows: readonly { id: Uint8Array }[],
  ending: Pick<SessionRow, 'ended_at' | 'end_reason'>,
): Promise<void> {
  for (const { id } of rows) {
    await trx.updateTable('sessions').set(ending).where('id', '=', id).where('ended_at', 'is', null).execute()
  }
}
