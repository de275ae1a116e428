import type { Account } from '../../accounts/account.ts'
import { bytesToId } from '../../ids.ts'
import type { Attempt, Session } from '../../sessions/session.ts'
import type { OwnedSession, Rotation } from '../../sessions/store.ts'
import type { OwnedSessionRow, RotationRow } from './database.ts'
import type { DbId, SessionRow, UserRow } from './schema.ts'
import { compactUserAgent, fullUserAgent } from './user-agent.ts'

const GENERATION_BYTES = 6
const DIGEST_BYTES = 16
const ATTEMPT_BYTES = GENERATION_BYTES + DIGEST_BYTES
/** Always so long: a row that keeps its size is overwritten where it stands. */
const ATTEMPTS_BYTES = 4 * ATTEMPT_BYTES
const NO_ATTEMPT = 'A'.repeat(22)

export function toId(value: DbId): string {
  return typeof value === 'string' ? value : bytesToId(value)
}

export function toSession(row: SessionRow): Session {
  return {
    id: toId(row.id),
    userId: toId(row.user_id),
    client: row.client,
    seed: row.seed,
    generation: row.generation,
    createdAt: row.created_at,
    lastUsedAt: row.last_used_at,
    expiresAt: row.expires_at,
    attempts: toAttempts(row.attempts),
    ip: row.ip,
    userAgent: row.user_agent === null ? null : fullUserAgent(row.user_agent),
    ended:
      row.ended_at === null || row.end_reason === null ? null : { at: row.ended_at, reason: row.end_reason },
  }
}

export function toSessionRow(session: Session, dbId: (id: string) => DbId): SessionRow {
  return {
    id: dbId(session.id),
    user_id: dbId(session.userId),
    client: session.client,
    seed: session.seed,
    generation: session.generation,
    created_at: session.createdAt,
    last_used_at: session.lastUsedAt,
    expires_at: session.expiresAt,
    attempts: toAttemptBytes(session.attempts),
    ip: session.ip,
    user_agent: session.userAgent === null ? null : compactUserAgent(session.userAgent),
    ended_at: session.ended?.at ?? null,
    end_reason: session.ended?.reason ?? null,
  }
}

export function toAccount(row: UserRow): Account {
  return {
    id: toId(row.id),
    email: row.email,
    emailVerified: row.email_verified_at !== null,
    roles: toRoles(row.roles),
    createdAt: row.created_at,
    disabledAt: row.disabled_at,
    credentialVersion: row.credential_version,
  }
}

export function toOwnedSession(row: OwnedSessionRow): OwnedSession {
  const session = toSession(row)
  return {
    session,
    account: {
      id: session.userId,
      email: row.email,
      emailVerified: row.email_verified_at !== null,
      roles: toRoles(row.roles),
      createdAt: row.user_created_at,
      disabledAt: row.disabled_at,
      credentialVersion: row.credential_version,
    },
  }
}

export function toRotationRow({ expectedGeneration, next }: Rotation): RotationRow {
  return {
    id: next.id,
    expected_generation: expectedGeneration,
    generation: next.generation,
    last_used_at: next.lastUsedAt,
    attempts: toAttemptBytes(next.attempts),
    ip: next.ip,
  }
}

function toRoles(json: string): string[] {
  return json === '[]' ? [] : (JSON.parse(json) as string[])
}

export function toAttempts(bytes: Uint8Array): Attempt[] {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const attempts: Attempt[] = []
  for (let at = 0; at + ATTEMPT_BYTES <= buffer.length; at += ATTEMPT_BYTES) {
    const keyDigest = buffer.toString('base64url', at + GENERATION_BYTES, at + ATTEMPT_BYTES)
    if (keyDigest === NO_ATTEMPT) break
    attempts.push({ generation: buffer.readUIntBE(at, GENERATION_BYTES), keyDigest })
  }
  return attempts
}

export function toAttemptBytes(attempts: readonly Attempt[]): Buffer {
  const bytes = Buffer.alloc(ATTEMPTS_BYTES)
  attempts.forEach(({ generation, keyDigest }, i) => {
    bytes.writeUIntBE(generation, i * ATTEMPT_BYTES, GENERATION_BYTES)
    bytes.write(keyDigest, i * ATTEMPT_BYTES + GENERATION_BYTES, DIGEST_BYTES, 'base64url')
  })
  return bytes
}
