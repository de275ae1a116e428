// Tables as years of sign-ins leave them, and what has become of them.
// It asserts nothing.
import type { Session } from '../../packages/server/src/sessions/session.ts'
import { DAY } from '../../packages/server/src/sessions/testing/sessions.ts'
import type { SqlDatabase } from '../../packages/server/src/stores/sql/database.ts'
import { openPostgres } from '../../packages/server/src/stores/sql/postgres.ts'
import { openSqlite } from '../../packages/server/src/stores/sql/sqlite.ts'
import { fill } from '../../packages/server/src/stores/sql/testing/fill.ts'
import { isPostgres, runSql } from '../support/stores/look.ts'
import { fileOf, type TestStore } from '../support/stores/store.ts'

/** How long before "now" old sessions were opened, and used last. */
export const AGE = 60 * DAY

/** Adds sessions that were over long before an instant: every second one ran out, the others were ended. */
export async function addOldSessions(store: TestStore, count: number, now = Date.now()): Promise<Session[]> {
  const at = now - AGE
  const facts = Array.from({ length: count }, (_, i) => ({
    createdAt: at,
    lastUsedAt: at,
    expiresAt: at + 30 * DAY,
    ended: i % 2 === 0 ? null : { at, reason: 'logout' as const },
  }))
  const database = await open(store)
  try {
    return await fill(database, facts)
  } finally {
    await database.close()
  }
}

export async function sessionCount(store: TestStore): Promise<number> {
  const [row] = await runSql(store, 'select count(*) as count from sessions')
  return Number(row?.count)
}

/** The value of a metric of a node. */
export async function metricOf({ url }: { url: string }, name: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text()
  return Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1])
}

async function open(store: TestStore): Promise<SqlDatabase> {
  return isPostgres(store) ? await openPostgres({ url: store.database }) : await openSqlite(fileOf(store))
}
