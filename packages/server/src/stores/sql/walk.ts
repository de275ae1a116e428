import { setTimeout as delay } from 'node:timers/promises'
import { BEFORE_ALL_IDS } from '../../ids.ts'
import { restAfter } from '../../pace.ts'
import type { SqlDatabase } from './database.ts'
import type { DbId, SessionRow } from './schema.ts'

/** Others have every second turn. */
const SHARE = 0.5

export type WalkedRow = Pick<SessionRow, 'id' | 'created_at' | 'last_used_at' | 'expires_at' | 'ended_at'>

/** The sessions whose ids come after this one, in the order of the ids. */
export async function sessionsBehind({ reader }: SqlDatabase, id: DbId, limit: number): Promise<WalkedRow[]> {
  return await reader
    .selectFrom('sessions')
    .select(['id', 'created_at', 'last_used_at', 'expires_at', 'ended_at'])
    .where('id', '>', id)
    .orderBy('id')
    .limit(limit)
    .execute()
}

/**
 * All sessions in the order of their ids, so many at a time. It rests for as long as the caller took with the last ones: SQLite is
 * written to in the thread that serves, and without a rest nobody else would have a turn before the end.
 */
export async function* walkSessions(database: SqlDatabase, rowsAtOnce: number): AsyncGenerator<WalkedRow[]> {
  for (let last = database.dbId(BEFORE_ALL_IDS); ; ) {
    const start = performance.now()
    const rows = await sessionsBehind(database, last, rowsAtOnce)
    const newest = rows.at(-1)
    if (newest === undefined) return
    last = newest.id
    yield rows
    if (rows.length < rowsAtOnce) return
    await delay(restAfter(performance.now() - start, SHARE))
  }
}
