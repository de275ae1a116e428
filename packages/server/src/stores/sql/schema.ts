// Sessions, accounts and keys in an SQL database: one code, a dialect file each.
// It decides nothing: the rules are in the features' rules.ts.
import type { ClientKind, SessionEndReason } from '@latchkey/protocol'
import type { Generated } from 'kysely'
import type { KeyPurpose, SigningAlgorithm } from '../../keys/key.ts'

/** Instants are integers: milliseconds since 1970. Ids are 16 bytes. */
export interface Schema {
  users: UserRow
  sessions: SessionRow
  keys: KeyRow
  revocations: RevocationRow
  services: ServiceRow
}

export interface UserRow {
  id: Uint8Array
  email: string
  email_verified_at: number | null
  password_phc: string | null
  pepper_id: string | null
  credential_version: number
  /** A JSON array of strings. */
  roles: string
  created_at: number
  disabled_at: number | null
}

export interface SessionRow {
  id: Uint8Array
  user_id: Uint8Array
  client: ClientKind
  seed: Uint8Array
  generation: number
  created_at: number
  last_used_at: number
  expires_at: number
  /** Up to four records of 6 + 16 bytes: the generation and the key's digest. */
  attempts: Uint8Array
  ip: string | null
  user_agent: string | null
  ended_at: number | null
  end_reason: SessionEndReason | null
}

export interface KeyRow {
  id: string
  purpose: KeyPurpose
  algorithm: SigningAlgorithm | null
  public_jwk: string | null
  sealed: Uint8Array | null
  created_at: number
  active_from: number
  token_seconds: number
}

export interface RevocationRow {
  /** Grows with every revocation, in the order in which they were committed. */
  position: Generated<number>
  kind: 'sid' | 'jti' | 'kid'
  subject: string
  revoked_at: number
  /** When nothing that it could concern is good any more. */
  expires_at: number
}

export interface ServiceRow {
  id: string
  name: string
  /** SHA-256 of a secret of 256 random bits. */
  secret_digest: Uint8Array
  /** The audience that it answers for; null for every one. */
  audience: string | null
  created_at: number
}
