import type { SessionEndReason } from '@latchkey/protocol'
import type { Kysely, Transaction } from 'kysely'
import { bytesToId, idToBytes } from '../../ids.ts'
import type { SessionStore } from '../../sessions/store.ts'
import type { Instant } from '../../time.ts'
import type { SqlDatabase } from './database.ts'
import { appendRevocations, appendRevocationsOfSessions } from './revocation-store.ts'
import { toOwnedSession, toRotationRow, toSession, toSessionRow } from './rows.ts'
import type { Schema, SessionRow } from './schema.ts'

/** What has to be known of a session to end it. */
const ENDING_COLUMNS = ['id', 'last_used_at'] as const

/** @param refusedForMs how long the access tokens of an ended session may live on now: so long its end is told */
export function createSqlSessionStore(database: SqlDatabase, refusedForMs: () => number): SessionStore {
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
          .select(ENDING_COLUMNS)
          .where('user_id', '=', row.user_id)
          .where('id', '!=', row.id)
          .where('ended_at', 'is', null)
          .where('expires_at', '>', session.createdAt)
          .where('last_used_at', '>', idleSince)
          .orderBy('last_used_at', 'desc')
          .offset(maxSessions - 1)
          .limit(Number.MAX_SAFE_INTEGER)
          .execute()
        await end(trx, surplus, {
          reason: 'session_limit',
          now: session.createdAt,
          refusedForMs: refusedForMs(),
        })
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
          .select(ENDING_COLUMNS)
          .where('id', 'in', ids.map(idToBytes))
          .where('ended_at', 'is', null)
          .execute()
        await end(trx, live, { reason, now, refusedForMs: refusedForMs() })
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
          reason,
          now,
          refusedForMs: refusedForMs(),
        }),
      )
    },

    async endOpenedBefore(before, reason, now) {
      return await database.write(async (trx) => {
        await appendRevocationsOfSessions(trx, before, now, refusedForMs())
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

export interface Ending {
  reason: SessionEndReason
  now: Instant
  /** How long the access tokens of the session may live on. */
  refusedForMs: number
}

/** Ends a user's sessions inside a transaction that changes the account too. */
export async function endSessionsOfUser(
  trx: Transaction<Schema>,
  userId: Uint8Array,
  except: Uint8Array | null,
  ending: Ending,
): Promise<string[]> {
  let live = liveOf(trx, userId).select(ENDING_COLUMNS)
  if (except !== null) live = live.where('id', '!=', except)
  const rows = await live.execute()
  await end(trx, rows, ending)
  return rows.map(({ id }) => bytesToId(id))
}

function liveOf(db: Kysely<Schema>, userId: Uint8Array) {
  return db.selectFrom('sessions').where('user_id', '=', userId).where('ended_at', 'is', null)
}

/** Ends sessions, and writes so into the log of revocations in the same step. */
async function end(
  trx: Transaction<Schema>,
  rows: readonly Pick<SessionRow, (typeof ENDING_COLUMNS)[number]>[],
  { reason, now, refusedForMs }: Ending,
): Promise<void> {
  for (const { id } of rows) {
    await trx
      .updateTable('sessions')
      .set({ ended_at: now, end_reason: reason })
      .where('id', '=', id)
      .where('ended_at', 'is', null)
      .execute()
  }
  await appendRevocations(
    trx,
    rows.map(({ id, last_used_at }) => ({
      kind: 'sid',
      subject: bytesToId(id),
      revokedAt: now,
      // Where a clock was set back since, the last access token ends by the clock of before.
      expiresAt: Math.max(now, last_used_at) + refusedForMs,
    })),
  )
}
