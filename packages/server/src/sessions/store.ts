import type { SessionEndReason } from '@latchkey/protocol'
import type { Account } from '../accounts/account.ts'
import type { Instant } from '../time.ts'
import type { Session } from './session.ts'

export { REMEMBERED_ATTEMPTS } from './session.ts'

/** A session with the account it belongs to, read in one consistent step. */
export interface OwnedSession {
  session: Session
  account: Account
}

/** One move of a session, from the generation that the store is believed to hold. */
export interface Rotation {
  /** The compare of the compare-and-set. */
  expectedGeneration: number
  /** The session as it shall be; only `generation`, `lastUsedAt`, `attempts` and `ip` are written. */
  next: Session
}

/** How far something that goes through all sessions has come. */
export interface WalkProgress {
  /** Sessions that it has changed. */
  count: number
  /** From 0 to 1. */
  done: number
}

export interface Opening {
  session: Session
  /** The account's `credentialVersion` when the password was checked. */
  credentialVersion: number
  /** Live sessions that a user may have; the least recently used ones beyond it are ended. */
  maxSessions: number
  /** A session last used before this instant no longer counts as live. */
  idleSince: Instant
}

/**
 * Where sessions live. Every method is atomic and, once it has resolved, durable: it survives a `kill -9` of the
 * service and of the database. Every method rejects only with `StoreUnavailableError`.
 */
export interface SessionStore {
  /**
   * Adds a session, unless the account has been disabled or deleted, or its password has changed, since its
   * credentials were checked: false then. Resolves to the ids of the sessions that made room for it.
   */
  open(opening: Opening): Promise<{ opened: false } | { opened: true; endedIds: string[] }>

  /** The sessions of the ids, ended ones included, in the order asked; undefined where there is none. */
  findMany(ids: readonly string[]): Promise<(OwnedSession | undefined)[]>

  /**
   * Moves each session that has not ended and whose generation is still the expected one: of two racing
   * rotations of a generation exactly one is `true`. The ids must be distinct.
   */
  rotateMany(rotations: readonly Rotation[]): Promise<boolean[]>

  /** Ends those of the sessions that have not ended yet, and resolves to their ids. */
  endMany(ids: readonly string[], reason: SessionEndReason, now: Instant): Promise<string[]>

  /** A user's sessions that have not ended, most recently used first. */
  listByUser(userId: string): Promise<Session[]>

  /** Ends all of a user's sessions but one, and resolves to their ids. */
  endByUser(
    userId: string,
    options: { except: string | null; reason: SessionEndReason; now: Instant },
  ): Promise<string[]>

  /**
   * Ends every session that was opened before an instant, and resolves to how many those were. There may be millions: it goes
   * in steps that are durable each, with room for others in between. What fails half way has ended some; to do it again ends the rest.
   */
  endOpenedBefore(
    before: Instant,
    reason: SessionEndReason,
    now: Instant,
    onProgress?: (progress: WalkProgress) => void,
  ): Promise<number>
}
