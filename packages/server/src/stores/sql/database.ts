import type { Kysely, Transaction } from 'kysely'
import type { DbId, Schema, SessionRow, UserRow } from './schema.ts'

/** An account without its password. */
export type AccountRow = Omit<UserRow, 'password_phc' | 'pepper_id'>

/** A session's row with the columns of its account. */
export interface OwnedSessionRow extends SessionRow {
  email: UserRow['email']
  email_verified_at: UserRow['email_verified_at']
  roles: UserRow['roles']
  credential_version: UserRow['credential_version']
  user_created_at: UserRow['created_at']
  disabled_at: UserRow['disabled_at']
}

/** The columns that a rotation writes, and the generation that it compares with. */
export interface RotationRow extends Pick<SessionRow, 'generation' | 'last_used_at' | 'attempts' | 'ip'> {
  id: string
  expected_generation: number
}

/**
 * One SQL database. Everything rejects with `StoreUnavailableError` when the database does not answer, or stays
 * locked past a bounded wait; errors of the work itself pass through.
 */
export interface SqlDatabase {
  /** What whoever runs the service should know about it, as whole sentences. */
  readonly notices: readonly string[]

  /** For single reading statements. */
  readonly reader: Kysely<Schema>

  /** The same for the log of revocations, which is read in time however many others wait. */
  readonly logReader: Kysely<Schema>

  /** An id in the form of its column. */
  dbId(id: string): DbId

  /** Whether rows that a transaction read may change under it, so that it has to lock them: false where writers take turns. */
  readonly locksRows: boolean

  /**
   * Makes every other transaction that asks for the same wait until this one is over. To be asked for first by what reads all
   * keys to change them, and last by what adds to the log of revocations: its positions are in the order of the commits.
   */
  alone(transaction: Transaction<Schema>, what: 'keys' | 'revocations'): Promise<void>

  /**
   * One transaction, durable once it resolves. The work awaits only it, and may be run again from the start where others
   * were in its way.
   */
  write<Result>(work: (transaction: Transaction<Schema>) => Promise<Result>): Promise<Result>

  /** The hot path's read: the rows of the ids, in the order asked. */
  findOwnedSessions(ids: readonly string[]): Promise<(OwnedSessionRow | undefined)[]>

  /** The accounts of the ids alone, in the order asked: what the hot path reads where the sessions are elsewhere. */
  findAccounts(ids: readonly string[]): Promise<(AccountRow | undefined)[]>

  /** The hot path's compare-and-set: the whole batch in one durable transaction. True where a row has moved. */
  rotateSessions(rotations: readonly RotationRow[]): Promise<boolean[]>

  /**
   * Calls back after a `write` here and soon after one of another process, where it may have added to the log of revocations,
   * and whenever that cannot be told. Returns what stops it.
   */
  watch(onChange: () => void): () => void

  /** Resolves when the database can be read and written. */
  ping(): Promise<void>

  close(): Promise<void>
}
