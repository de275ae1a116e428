// A session: what the store keeps of one sign-in, one row however often it is refreshed.
// It does not own users, passwords or access tokens.
import type { ClientKind, SessionEndReason } from '@latchkey/protocol'
import type { Instant } from '../time.ts'

export interface Session {
  id: string
  userId: string
  client: ClientKind
  /** 16 random bytes that never change; a refresh token is worth nothing without them. */
  seed: Uint8Array
  /** Grows by one with every refresh, and never goes back. */
  generation: number
  /** When the user proved who they are: `auth_time`. */
  createdAt: Instant
  /** When it was opened or last rotated. */
  lastUsedAt: Instant
  /** The absolute end. It never moves. */
  expiresAt: Instant
  /** The rotations that came with an `Idempotency-Key`, newest last, at most {@link REMEMBERED_ATTEMPTS}. */
  attempts: readonly Attempt[]
  ip: string | null
  userAgent: string | null
  ended: Ended | null
}

export interface Ended {
  at: Instant
  reason: SessionEndReason
}

/** A rotation that carried an `Idempotency-Key`. */
export interface Attempt {
  /** The generation that it rotated. */
  generation: number
  /** A digest of the key: what the client holds is not kept. */
  keyDigest: string
}

export const REMEMBERED_ATTEMPTS = 4
