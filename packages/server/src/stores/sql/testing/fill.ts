// Sessions by the thousand, written past the port: as years of sign-ins would have left them.
import type { Session } from '../../../sessions/session.ts'
import { aSession } from '../../../sessions/testing/sessions.ts'
import type { SqlDatabase } from '../database.ts'
import { toSessionRow } from '../rows.ts'

const ROWS_AT_ONCE = 500

/** Adds a session for each, of users that there may not be. */
export async function fill(database: SqlDatabase, facts: readonly Partial<Session>[]): Promise<Session[]> {
  const sessions = facts.map((given) => aSession(given))
  const rows = sessions.map((session) => toSessionRow(session, database.dbId))
  for (let i = 0; i < rows.length; i += ROWS_AT_ONCE) {
    const some = rows.slice(i, i + ROWS_AT_ONCE)
    await database.write((trx) => trx.insertInto('sessions').values(some).execute())
  }
  return sessions
}
