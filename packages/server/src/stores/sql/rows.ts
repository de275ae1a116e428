import type { Account } from '../../accounts/account.ts'
import { bytesToId, idToBytes } from '../../ids.ts'
import type { Attempt, Session } from '../../sessions/session.ts'
import type { OwnedSession, Rotation } from '../../sessions/store.ts'
import type { OwnedSessionRow, RotationRow } from './database.ts'
import type { SessionRow, UserRow } from './schema.ts'

const GENERATION_BYTES = 6
const DIGEST_BYTES = 16
const ATTEMPT_BYTES = GENERATION_BYTES + DIGEST_BYTES

export function toSession(row: SessionRow): Session {
  return {
    id: bytesToId(row.id),
    userId: bytesToId(row.user_id),
    client: row.client,
    seed: row.seed,
    generation: row.generation,
    createdAt: row.created_at,
    lastUsedAt: row.last_used_at,
    expiresAt: row.expires_at,
    attempts: toAttempts(row.attempts),
    ip: row.ip,
    userAgent: row.user_agent,
    ended:
      row.ended_at === null || row.end_reason === null ? null : { at: row.ended_at, reason: row.end_reason },
  }
}

export function toSessionRow(session: Session): SessionRow {
  return {
    id: idToBytes(session.id),
    user_id: idToBytes(session.userId),
    client: session.client,
    seed: session.seed,
    generation: session.generation,
    created_at: session.createdAt,
    last_used_at: session.lastUsedAt,
    expires_at: session.expiresAt,
    attempts: toAttemptBytes(session.attempts),
    ip: session.ip,
    user_agent: session.userAgent,
    ended_at: session.ended?.at ?? null,
    end_reason: session.ended?.reason ?? null,
  }
}

export function toAccount(row: UserRow): Account {
  return {
    id: bytesToId(row.id),
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
    id: idToBytes(next.id),
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

function toAttempts(bytes: Uint8Array): Attempt[] {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const attempts: Attempt[] = []
  for (let at = 0; at + ATTEMPT_BYTES <= buffer.length; at += ATTEMPT_BYTES) {
    attempts.push({
      generation: buffer.readUIntBE(at, GENERATION_BYTES),
      keyDigest: buffer.toString('base64url', at + GENERATION_BYTES, at + ATTEMPT_BYTES),
    })
  }
  return attempts
}

function toAttemptBytes(attempts: readonly Attempt[]): Buffer {
  const bytes = Buffer.allocUnsafe(attempts.length * ATTEMPT_BYTES)
  attempts.forEach(({ generation, keyDigest }, i) => {
    bytes.writeUIntBE(generation, i * ATTEMPT_BYTES, GENERATION_BYTES)
    bytes.write(keyDigest, i * ATTEMPT_BYTES + GENERATION_BYTES, DIGEST_BYTES, 'base64url')
  })
  return bytes
}
