import type { SessionEndReason } from '@latchkey/protocol'
import type { Instant } from '../time.ts'
import { type Attempt, REMEMBERED_ATTEMPTS, type Session } from './session.ts'

export interface SessionPolicy {
  /** Seconds after its last refresh at which a session ends. */
  idleTtlSeconds: number
  /** Seconds after a rotation in which the spent token still earns the same answer. 0: none. */
  reuseGraceSeconds: number
}

/** A refresh token whose MAC has held, with what came along. */
export interface Presented {
  generation: number
  /** The digest of the request's `Idempotency-Key`, or null. */
  keyDigest: string | null
  /** Whether the request's headers had arrived before this generation's rotation was answered, on this node. */
  arrivedBeforeAnswer: boolean
}

export type Verdict =
  /** `aheadOfStore`: the token is newer than the row, so the store went back in time. */
  | { kind: 'rotate'; aheadOfStore: boolean }
  /** The rotation of this generation is answered again, with the same successor. */
  | { kind: 'replay' }
  /** A copy of an old attempt that the network delayed. */
  | { kind: 'superseded' }
  /** Somebody else holds a copy of the token. */
  | { kind: 'reused' }
  | { kind: 'revoked'; reason: SessionEndReason }
  | { kind: 'expired' }

/** What a presented refresh token earns. Reads no clock and no store. RFC 9700 §4.14.2 */
export function judge(session: Session, presented: Presented, now: Instant, policy: SessionPolicy): Verdict {
  if (session.ended !== null && session.ended.reason !== 'expired') {
    return { kind: 'revoked', reason: session.ended.reason }
  }
  if (session.ended !== null || now >= endOf(session, policy)) return { kind: 'expired' }
  if (presented.generation >= session.generation) {
    return { kind: 'rotate', aheadOfStore: presented.generation > session.generation }
  }
  const remembered = isRemembered(session, presented)
  if (presented.generation === session.generation - 1) {
    // Either way: a clock that went back opens no grace, and a node whose clock is a little behind still gives it.
    const withinGrace = Math.abs(now - session.lastUsedAt) < policy.reuseGraceSeconds * 1000
    if (remembered || presented.arrivedBeforeAnswer || withinGrace) return { kind: 'replay' }
  }
  return remembered ? { kind: 'superseded' } : { kind: 'reused' }
}

/** The session after a rotation of `generation`. */
export function rotated(session: Session, presented: Presented, now: Instant): Session {
  const { generation, keyDigest } = presented
  return {
    ...session,
    generation: generation + 1,
    lastUsedAt: now,
    attempts: keyDigest === null ? session.attempts : remember(session.attempts, { generation, keyDigest }),
  }
}

/** When the session ends if nothing refreshes it: the idle end, never past the absolute end. */
export function endOf(session: Session, policy: Pick<SessionPolicy, 'idleTtlSeconds'>): Instant {
  return Math.min(session.expiresAt, session.lastUsedAt + policy.idleTtlSeconds * 1000)
}

/** Whole seconds that a session has left: of its idle time as counted from its last use, never past its absolute end. */
export function secondsLeft(
  session: Session,
  now: Instant,
  { idleTtlSeconds }: Pick<SessionPolicy, 'idleTtlSeconds'>,
): number {
  const idle = idleTtlSeconds - Math.floor((now - session.lastUsedAt) / 1000)
  const absolute = Math.floor((session.expiresAt - now) / 1000)
  return Math.max(0, Math.min(idle, absolute))
}

export function isLive(
  session: Session,
  now: Instant,
  policy: Pick<SessionPolicy, 'idleTtlSeconds'>,
): boolean {
  return session.ended === null && now < endOf(session, policy)
}

function remember(attempts: readonly Attempt[], attempt: Attempt): Attempt[] {
  return [...attempts, attempt].slice(-REMEMBERED_ATTEMPTS)
}

/** Whether this very attempt rotated the presented generation, as far as the session remembers. */
export function isRemembered(session: Session, { generation, keyDigest }: Presented): boolean {
  return (
    keyDigest !== null &&
    session.attempts.some((attempt) => attempt.generation === generation && attempt.keyDigest === keyDigest)
  )
}
