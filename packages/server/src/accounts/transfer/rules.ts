import type { AccountWithPassword } from '../account.ts'
import type { UserLine } from './format.ts'

export type Verdict =
  | { kind: 'add' }
  | { kind: 'skip'; id: string }
  | { kind: 'amend'; existing: AccountWithPassword }
  | { kind: 'refuse'; reason: string }

/** What is there already and concerns a line. */
export interface Existing {
  byId: AccountWithPassword | undefined
  byEmail: AccountWithPassword | undefined
}

/**
 * What a line comes to. Without `update`, whoever is there already stays as they are, so that an import that was broken
 * off goes on when it is started again.
 */
export function judgeLine(line: UserLine, { byId, byEmail }: Existing, update: boolean): Verdict {
  const existing = byId ?? byEmail
  if (existing === undefined) return { kind: 'add' }
  if (!update) return { kind: 'skip', id: existing.account.id }
  // An id is in tokens and in other services' tables: it never changes.
  if (byId === undefined && line.id !== undefined) return refuse('email is that of a user with another id')
  if (byEmail !== undefined && byEmail.account.id !== existing.account.id) {
    return refuse('email is that of another user')
  }
  return differs(line, existing) ? { kind: 'amend', existing } : { kind: 'skip', id: existing.account.id }
}

function differs(line: UserLine, { account, password }: AccountWithPassword): boolean {
  const { email, emailVerified = account.emailVerified, roles = account.roles, disabledAt } = line
  return (
    email !== account.email ||
    emailVerified !== account.emailVerified ||
    JSON.stringify(roles) !== JSON.stringify(account.roles) ||
    (disabledAt !== undefined && (disabledAt === null) !== (account.disabledAt === null)) ||
    // A password that was set or checked here is newer than any file.
    (line.password !== null && line.password.phc !== password?.phc && (password?.pepperId ?? null) === null)
  )
}

function refuse(reason: string): Verdict {
  return { kind: 'refuse', reason }
}
