// An account: who a user is and how they prove it.
// It does not own sessions or tokens.
import type { Instant } from '../time.ts'

export interface Account {
  id: string
  /** In its canonical form: see `email.ts`. */
  email: string
  emailVerified: boolean
  roles: readonly string[]
  createdAt: Instant
  disabledAt: Instant | null
  /** Grows with every change of the password, so that a sign-in that raced with one can be refused. */
  credentialVersion: number
}

/** A stored password: a PHC string of argon2id, or what an import brought (`imported-hash.ts`). */
export interface PasswordHash {
  phc: string
  /** The pepper that the input was mixed with, or null for a hash that came from an import. */
  pepperId: string | null
}

export interface AccountWithPassword {
  account: Account
  /** Null when the account has no password. */
  password: PasswordHash | null
}
