// Sessions, accounts and keys in an SQL database: one code, a dialect file each.
// It decides nothing: the rules are in the features' rules.ts.
import type { ClientKind, SessionEndReason } from '@latchkey/protocol'
import type { Generated } from 'kysely'
import type { KeyPurpose, SigningAlgorithm } from '../../keys/key.ts'

/** An id as its database keeps it: 16 bytes in SQLite, a `uuid` in PostgreSQL. */
export type DbId = Uint8Array | string

/** Instants are integers: milliseconds since 1970. */
export interface Schema {
  users: UserRow
  sessions: SessionRow
  keys: KeyRow
  revocations: RevocationRow
  services: ServiceRow
  upkeep: UpkeepRow
}

export interface UserRow {
  id: DbId
  email: string
  email_verified_at: number | null
  password_phc: string | null
  pepper_id: string | null
  credential_version: number
  /** A JSON array of strings. */
  roles: string
  created_at: number
  disabled_at: number | null
  /** The session that changed the password last, and so lives on although it is older than the change. */
  kept_session_id: DbId | null
}

export interface SessionRow {
  id: DbId
  user_id: DbId
  client: ClientKind
  seed: Uint8Array
  generation: number
  created_at: number
  last_used_at: number
  expires_at: number
  /** Four records of 6 + 16 bytes, the generation and the key's digest; zeros where there is none yet. */
  attempts: Uint8Array
  ip: string | null
  /** With the phrases of `../user-agent.ts` in place of their words. */
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

/** What is done in the background, by whichever node finds it due. */
export interface UpkeepRow {
  task: string
  /** How far the present round has come; null between two rounds. */
  cursor: string | null
  due_at: number
}
