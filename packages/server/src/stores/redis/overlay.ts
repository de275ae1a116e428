import type { Ended, Session } from '../../sessions/session.ts'
import type { OwnedSession } from '../../sessions/store.ts'
import type { AccountRow } from '../sql/database.ts'
import { toAccount, toId } from '../sql/rows.ts'
import type { StoredSession } from './codec.ts'

/**
 * The session as the account allows it. The account is in SQL and decides: a crash between the two stores leaves sessions in Redis
 * that are over. Undefined where the account is gone.
 */
export function ownedBy(
  { session, credentialVersion }: StoredSession,
  row: AccountRow | undefined,
): OwnedSession | undefined {
  if (row === undefined) return undefined
  const ended = session.ended ?? endedBy(row, session, credentialVersion)
  return { account: toAccount(row), session: ended === session.ended ? session : { ...session, ended } }
}

function endedBy(row: AccountRow, session: Session, credentialVersion: number): Ended | null {
  if (row.disabled_at !== null) return { at: row.disabled_at, reason: 'account_disabled' }
  if (credentialVersion >= row.credential_version || isKept(row, session)) return null
  return { at: session.lastUsedAt, reason: 'password_changed' }
}

function isKept({ kept_session_id }: AccountRow, { id }: Session): boolean {
  return kept_session_id !== null && toId(kept_session_id) === id
}
