import type { SessionEndReason, Tokens, User } from '@latchkey/protocol'
import { type Lifetime, lifetimeOf } from './lifetime.ts'
import type { EndingCode } from './verdict.ts'

/** `unknown` until the first answer: a page that was just loaded may still be signed in by its cookie. */
export type AuthStatus = 'unknown' | 'signed-in' | 'signed-out'

/** Why a session is over: `LOGOUT` when the user asked for it, otherwise the service's code. */
export interface SessionEnd {
  code: EndingCode | 'LOGOUT'
  reason?: SessionEndReason
}

export interface AuthChange {
  status: AuthStatus
  user: User | null
  /** Only when this change ended a session. */
  ended?: SessionEnd
}

/** The parts of the service's answer that a tab keeps, and may tell the other tabs. Never a refresh token. */
export type HeldTokens = Pick<Tokens, 'accessToken' | 'expiresIn' | 'sessionId' | 'user'>

export interface Held extends Lifetime, HeldTokens {}

export interface Session {
  readonly status: AuthStatus
  readonly held: Held | null
  /** Aborted by the next sign-out: what was asked before it is given up, and an answer that still comes is ignored. */
  readonly turn: AbortSignal
  hold(tokens: HeldTokens, sentAt: number): void
  end(end: SessionEnd): void
  nextTurn(): void
  /** A session that was seen to end never comes back, whoever says so. */
  hasEnded(sessionId: string): boolean
  subscribe(listener: (change: AuthChange) => void): () => void
}

export function createSession(marginSeconds: number): Session {
  const listeners = new Set<(change: AuthChange) => void>()
  const endedIds = new Set<string>()
  let status: AuthStatus = 'unknown'
  let held: Held | null = null
  let turn = new AbortController()

  const tell = (ended?: SessionEnd) => {
    const change: AuthChange = { status, user: held?.user ?? null, ...(ended && { ended }) }
    for (const listener of [...listeners]) listener(change)
  }

  return {
    get status() {
      return status
    },
    get held() {
      return held
    },
    get turn() {
      return turn.signal
    },
    nextTurn() {
      turn.abort()
      turn = new AbortController()
    },
    hasEnded: (sessionId) => endedIds.has(sessionId),
    hold({ accessToken, expiresIn, sessionId, user }, sentAt) {
      held = { accessToken, expiresIn, sessionId, user, ...lifetimeOf(sentAt, expiresIn, marginSeconds) }
      status = 'signed-in'
      tell()
    },
    end(end) {
      if (status === 'signed-out') return
      const wasSignedIn = held !== null
      if (held !== null) endedIds.add(held.sessionId)
      held = null
      status = 'signed-out'
      // A first look that finds no session has not ended one.
      tell(wasSignedIn || end.code !== 'REFRESH_MISSING' ? end : undefined)
    },
    subscribe(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}
