import type { Instant } from '../time.ts'
import type { Account, AccountWithPassword, PasswordHash } from './account.ts'

export interface PasswordChange {
  userId: string
  /** Refused unless the account still has this version. */
  credentialVersion: number
  password: PasswordHash
  /** The session that lives on, or null for none. */
  exceptSessionId: string | null
  now: Instant
}

/** What an import may change of an account that is there. */
export interface AccountAmendment {
  id: string
  email: string
  emailVerified: boolean
  roles: readonly string[]
  /** Taken only where no password has been set or checked here since; null leaves what there is. */
  password: PasswordHash | null
  now: Instant
}

/** Where accounts live. Every method is atomic and durable, and rejects only with `StoreUnavailableError`. */
export interface AccountStore {
  /** Adds an account; false when its e-mail address is taken. */
  create(account: Account, password: PasswordHash | null): Promise<boolean>

  findById(id: string): Promise<Account | undefined>

  findByIdWithPassword(id: string): Promise<AccountWithPassword | undefined>

  /** @param email in its canonical form; compared exactly. */
  findByEmail(email: string): Promise<AccountWithPassword | undefined>

  /** Replaces a hash by a better one of the same password, if it is still the stored one. */
  rehash(userId: string, from: PasswordHash, to: PasswordHash): Promise<void>

  /**
   * Sets a new password and ends the user's other sessions in one step. Resolves to the ids of the ended sessions,
   * or to null when the account had changed meanwhile.
   */
  changePassword(change: PasswordChange): Promise<string[] | null>

  /** Disables an account and ends its sessions in one step. Resolves to their ids; null for an unknown account. */
  disable(userId: string, now: Instant): Promise<string[] | null>

  /** False for an unknown account. */
  enable(userId: string): Promise<boolean>

  /** Ends an account's sessions and removes it with everything that is its own; false for an unknown account. */
  delete(userId: string, now: Instant): Promise<boolean>

  count(): Promise<number>

  /** The accounts behind an id, in the order of their ids, and no more than `limit`; from the first one for null. */
  listAfter(id: string | null, limit: number): Promise<AccountWithPassword[]>

  /** Those that have one of the ids or one of the addresses, some hundreds of each at most. */
  findAny(ids: readonly string[], emails: readonly string[]): Promise<AccountWithPassword[]>

  /** Adds those whose id and address nobody has, all in one step. Resolves to their ids. */
  addMany(accounts: readonly AccountWithPassword[]): Promise<Set<string>>

  /** Changes accounts in one step. One that is gone, or whose new address another has, stays as it is. */
  amendMany(amendments: readonly AccountAmendment[]): Promise<void>
}
