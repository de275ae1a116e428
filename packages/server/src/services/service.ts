// Registered services: the APIs and gateways that may ask about tokens and hear what was revoked.
// It does not own what they are told: that is HTTP's.
import type { Instant } from '../time.ts'

export interface Service {
  /** Its client id: `svc_` and 96 random bits. */
  id: string
  name: string
  /** The audience that it answers for; null for every one. */
  audience: string | null
  createdAt: Instant
}

export interface StoredService extends Service {
  /** SHA-256 of its secret. */
  secretDigest: Uint8Array
}
