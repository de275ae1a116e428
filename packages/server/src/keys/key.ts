// The service's own keys: made, sealed, rotated and published here.
// It does not own what they sign or protect: see access-token.ts and accounts/.
import type { Instant } from '../time.ts'

export const SIGNING_ALGORITHMS = ['ES256', 'EdDSA', 'RS256'] as const

export type SigningAlgorithm = (typeof SIGNING_ALGORITHMS)[number]

export type KeyPurpose = 'signing' | 'pepper'

/** A key as the store keeps it: worth nothing without the service's secret. */
export interface StoredKey {
  /** base64url, begins with a letter. For a signing key this is its `kid`. */
  id: string
  purpose: KeyPurpose
  /** The JWS algorithm of a signing key; null for a pepper. */
  algorithm: SigningAlgorithm | null
  /** The public JWK of a signing key as JSON; null for a pepper. */
  publicJwk: string | null
  /** AES-256-GCM over the private or symmetric key; null once a signing key has signed its last token. */
  sealed: Uint8Array | null
  createdAt: Instant
  /** A signing key signs from here on, until the next one does. */
  activeFrom: Instant
  /** The longest lifetime, in seconds, that any node has given to the tokens of a signing key; 0 for a pepper. */
  tokenSeconds: number
}
