import type { VerifyErrorCode } from '@latchkey/protocol'

/** What a verifier has done and knows, in plain numbers for whatever collects metrics. Counts only grow, from its making on. */
export interface VerifierStats {
  /** How many verifications ended how. */
  verifications: Record<'accepted' | VerifyErrorCode, number>
  /** Verified tokens that are remembered. A miss is a token that had to be verified in full. */
  cache: { size: number; hits: number; misses: number }
  /** Requests for the issuer's keys, those with and those without success. */
  keys: { fetches: number; failures: number }
  feed: FeedStats
}

export interface FeedStats {
  /**
   * - `off`: there is none, none is needed yet, or it was closed
   * - `connecting`: not connected, but heard not long ago, or just started
   * - `current`: connected; what the service revokes is known here
   * - `stale`: not heard for too long: `onStale` decides
   */
  state: 'off' | 'connecting' | 'current' | 'stale'
  /** Why the last connection ended or never came about, in words without a secret; null while it is connected. */
  problem: string | null
  /** Since the last sign of life, in seconds; null before the first. */
  secondsSinceHeard: number | null
  /** How many revoked sessions, tokens and keys are remembered. */
  entries: number
  /** How often it was connected anew, or tried to be. */
  reconnects: number
  /**
   * From a revocation to its being known here, in milliseconds, by the clocks of both machines; null before the first. What was missed
   * while there was no connection is not counted.
   */
  lastDelayMs: number | null
  largestDelayMs: number | null
  /** How often the issuer was asked about a token, and how often it could not be. */
  introspections: number
  introspectionFailures: number
}

export function noVerifications(): VerifierStats['verifications'] {
  return {
    accepted: 0,
    TOKEN_MISSING: 0,
    TOKEN_INVALID: 0,
    TOKEN_EXPIRED: 0,
    TOKEN_REVOKED: 0,
    KEYS_UNAVAILABLE: 0,
  }
}

/** Of a verifier that was not told how to hear of revocations. */
export const NO_FEED: Readonly<FeedStats> = {
  state: 'off',
  problem: null,
  secondsSinceHeard: null,
  entries: 0,
  reconnects: 0,
  lastDelayMs: null,
  largestDelayMs: null,
  introspections: 0,
  introspectionFailures: 0,
}
