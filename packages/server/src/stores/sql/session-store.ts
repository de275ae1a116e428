import type { SessionEndReason } from '@latchkey/protocol'
import type { Kysely, Transaction } from 'kysely'
import { placeOfId } from '../../ids.ts'
import { revocationsOf } from '../../revocations/store.ts'
import type { SessionStore } from '../../sessions/store.ts'
import type { Instant } from '../../time.ts'
import type { SqlDatabase } from './database.ts'
import { appendRevocations } from './revocation-store.ts'
import { toId, toOwnedSession, toRotationRow, toSession, toSessionRow } from './rows.ts'
import type { DbId, Schema } from './schema.ts'
import { type WalkedRow, walkSessions } from './walk.ts'

/** Rows that one step of a walk over all sessions looks at, and may write: others want to write too. */
const STEP_ROWS = 50

/** @param refusedForMs how long the access tokens of an ended session may live on now: so long its end is told */
export function createSqlSessionStore(database: SqlDatabase, refusedForMs: () => number): SessionStore {
  const { reader, dbId } = database
  return {
    async open({ session, credentialVersion, maxSessions, idleSince }) {
      const row = toSessionRow(session, dbId)
      return await database.write(async (trx) => {
        const user = trx
          .selectFrom('users')
          .select('id')
          .where('id', '=', row.user_id)
          .where('credential_version', '=', credentialVersion)
          .where('disabled_at', 'is', null)
        // Two sign-ins of a user take turns, and so do a sign-in and a change of the password.
        const locked = database.locksRows ? user.forNoKeyUpdate() : user
        if ((await locked.executeTakeFirst()) === undefined) return { opened: false }
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
        const endedIds = await end(
          database,
          trx,
          surplus.map(({ id }) => id),
          { reason: 'session_limit', now: session.createdAt, refusedForMs: refusedForMs() },
        )
        return { opened: true, endedIds }
      })
    },

    async findMany(ids) {
      const rows = await database.findOwnedSessions(ids)
      return rows.map((row) => (row === undefined ? undefined : toOwnedSession(row)))
    },

    async rotateMany(rotations) {
      return await database.rotateSessions(rotations.map(toRotationRow))
    },

    async endMany(ids, reason, now) {
      return await database.write((trx) =>
        end(database, trx, ids.map(dbId), { reason, now, refusedForMs: refusedForMs() }),
      )
    },

    async listByUser(userId) {
      const rows = await liveOf(reader, dbId(userId)).selectAll().orderBy('last_used_at', 'desc').execute()
      return rows.map(toSession)
    },

    async endByUser(userId, { except, reason, now }) {
      return await database.write((trx) =>
        endSessionsOfUser(database, trx, userId, except, {
          reason,
          now,
          refusedForMs: refusedForMs(),
        }),
      )
    },

    async endOpenedBefore(before, reason, now, onProgress = () => {}) {
      let count = 0
      for await (const rows of walkSessions(database, STEP_ROWS)) {
        const ids = rows
          .filter(({ created_at, ended_at }) => created_at < before && ended_at === null)
          .map(({ id }) => id)
        if (ids.length > 0) {
          const ending = { reason, now, refusedForMs: refusedForMs() }
          count += (await database.write((trx) => end(database, trx, ids, ending))).length
        }
        onProgress({ count, done: placeOfId(toId((rows.at(-1) as WalkedRow).id)) })
      }
      onProgress({ count, done: 1 })
      return count
    },
  }
}

export interface Ending {
  reason: SessionEndReason
  now: Instant
  /** How long the access tokens of the session may live on. */
  refusedForMs: number
}

/** Ends a user's sessions inside a transaction that changes the account too, and as the last thing that it does. */
export async function endSessionsOfUser(
  database: SqlDatabase,
  trx: Transaction<Schema>,
  userId: string,
  except: string | null,
  ending: Ending,
): Promise<string[]> {
  let live = liveOf(trx, database.dbId(userId)).select('id')
  if (except !== null) live = live.where('id', '!=', database.dbId(except))
  return await end(
    database,
    trx,
    (await live.execute()).map(({ id }) => id),
    ending,
  )
}

function liveOf(db: Kysely<Schema>, userId: DbId) {
  return db.selectFrom('sessions').where('user_id', '=', userId).where('ended_at', 'is', null)
}

/** Ends those that have not ended, writes so into the log of revocations in the same step, and resolves to their ids. */
async function end(
  database: SqlDatabase,
  trx: Transaction<Schema>,
  ids: readonly DbId[],
  { reason, now, refusedForMs }: Ending,
): Promise<string[]> {
  if (ids.length === 0) return []
  const rows = await trx
    .updateTable('sessions')
    .set({ ended_at: now, end_reason: reason })
    .where('id', 'in', ids)
    .where('ended_at', 'is', null)
    .returning(['id', 'last_used_at', 'expires_at'])
    .execute()
  const ended = rows.map((row) => ({
    id: toId(row.id),
    lastUsedAt: row.last_used_at,
    expiresAt: row.expires_at,
  }))
  await appendRevocations(database, trx, revocationsOf(ended, now, refusedForMs))
  return ended.map(({ id }) => id)
}
