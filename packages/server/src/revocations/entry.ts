// What is refused before it runs out: the log of revocations, and the feed that services hear it by.
// It does not end sessions and removes no keys: whoever does so writes the entry, in the same step.
import type { Instant } from '../time.ts'

export type RevocationKind = 'sid' | 'jti' | 'kid'

/** Something that is refused from now on. */
export interface NewRevocation {
  kind: RevocationKind
  /** The id of the session, of the one access token, or of the signing key. */
  subject: string
  revokedAt: Instant
  /** When nothing that it concerns is good any more: from then on it may be forgotten. */
  expiresAt: Instant
}

export interface RevocationEntry extends NewRevocation {
  /** Its place in the log: grows with every entry, and is never given out twice. */
  position: number
}
