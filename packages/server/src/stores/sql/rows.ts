import type { Account } from '../../accounts/account.ts'
import { bytesToId } from '../../ids.ts'
import type { Session } from '../../sessions/session.ts'
import type { OwnedSession, Rotation } from '../../sessions/store.ts'
import { toAttemptBytes, toAttempts } from '../attempts.ts'
import { compactUserAgent, fullUserAgent } from '../user-agent.ts'
import type { AccountRow, OwnedSessionRow, RotationRow } from './database.ts'
import type { DbId, SessionRow } from './schema.ts'

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

export function toAccount(row: AccountRow): Account {
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
