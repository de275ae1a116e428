import type { SessionEndReason, Tokens, User } from '@latchkey/protocol'
import type { Host } from './host.ts'
import { type Lifetime, lifetimeOf } from './lifetime.ts'
import type { EndingCode } from './verdict.ts'

/** `unknown` until the first answer: a page that was just loaded may still be signed in by its cookie. */
export type AuthStatus = 'unknown' | 'signed-in' | 'signed-out'

/** Why a session is over: `LOGOUT` when the user asked for it, otherwise the service's code. */
export interface SessionEnd {
  code: EndingCode | 'LOGOUT'
  reason?: SessionEndReason
}

/** Never changed once made: a change makes another one. */
export interface AuthState {
  readonly status: AuthStatus
  readonly user: User | null
  /** Only when the last change ended a session. */
  readonly ended?: SessionEnd
}

/** The parts of the service's answer that a client keeps. */
export type HeldTokens = Pick<Tokens, 'accessToken' | 'expiresIn' | 'sessionId' | 'user'>

export interface Remembered extends HeldTokens {
  /** Which renewal it came with: compared with the stored record's, it tells whether another tab has a newer one. */
  renewal: string
}

export type Held = Remembered & Lifetime

/** What the tabs of one origin tell each other, in memory alone: nothing of it is ever stored. */
type TabMessage =
  /** `sentAt` is on the wall clock, since tabs share no other. It can only make a token look older. */
  | { kind: 'opened' | 'renewed'; tokens: Remembered; sentAt: number }
  /** Without an id it is the session of the cookie, whichever that is. */
  | { kind: 'ended'; sessionId: string | undefined; end: SessionEnd }

/** What this client knows. Only the functions change it. */
export interface Session {
  state: AuthState
  held: Held | null
  /** Aborted by the next sign-out: what was asked before it is given up, and an answer that still comes is ignored. */
  turn: AbortSignal
  /** Of the request on the wire that changes the cookie: one at a time in this client. */
  leash?: AbortController
  /** Holds what this client was answered, and tells the other tabs. Of a session that was seen to end, nothing. */
  hold(kind: 'opened' | 'renewed', tokens: Remembered, sentAt: number): void
  /** Ends the session here and in the other tabs. */
  end(end: SessionEnd): void
  nextTurn(): void
  subscribe(listener: (state: AuthState) => void): () => void
}

export function createSession(marginSeconds: number, { now, tabs }: Pick<Host, 'now' | 'tabs'>): Session {
  const listeners = new Set<(state: AuthState) => void>()
  /** Sessions that were seen to end: they never come back, whoever says so. */
  const ended = new Set<string | undefined>()
  let turn = new AbortController()

  const session: Session = {
    state: { status: 'unknown', user: null },
    held: null,
    turn: turn.signal,
    nextTurn() {
      turn.abort()
      session.leash?.abort()
      turn = new AbortController()
      session.turn = turn.signal
    },
    hold(kind, tokens, sentAt) {
      if (ended.has(tokens.sessionId)) return
      take(timed(tokens, sentAt))
      tell({ kind, tokens, sentAt: Date.now() - now() + sentAt })
    },
    end(end) {
      const sessionId = session.held?.sessionId
      finish(end)
      ended.add(sessionId)
      if (sessionId || end.code === 'LOGOUT') tell({ kind: 'ended', sessionId, end })
    },
    subscribe(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }

  function tell(message: TabMessage) {
    // A channel that was closed has nobody to tell.
    tabs.then(({ channel }) => channel?.postMessage(message)).catch(() => undefined)
  }

  function change(held: Held | null, state: AuthState) {
    session.held = held
    session.state = state
    for (const listener of listeners) {
      // One listener's mistake is reported as any uncaught error is, and keeps nothing from the others.
      queueMicrotask(() => listeners.has(listener) && listener(state))
    }
  }

  function timed(tokens: Remembered, sentAt: number): Held {
    return { ...tokens, ...lifetimeOf(sentAt, tokens.expiresIn, marginSeconds) }
  }

  function take(held: Held) {
    change(held, { status: 'signed-in', user: held.user })
  }

  function finish(end: SessionEnd) {
    if (session.state.status === 'signed-out') return
    // A first look that finds no session has not ended one.
    const isNews = session.held || end.code !== 'REFRESH_MISSING'
    change(null, { status: 'signed-out', user: null, ...(isNews && { ended: end }) })
  }

  /** Takes over what another tab learnt. What is older than what this tab knows changes nothing. */
  function hear(message: TabMessage) {
    const { held } = session
    if (message.kind === 'ended') {
      ended.add(message.sessionId)
      if (!message.sessionId || held?.sessionId === message.sessionId) {
        session.nextTurn()
        finish(message.end)
      }
      return
    }
    // A frozen tab hears what it was told when it wakes, which may be hours later.
    const next = timed(message.tokens, now() - Math.max(Date.now() - message.sentAt, 0))
    if (ended.has(next.sessionId)) return
    const isNewer = held
      ? held.sessionId === next.sessionId && held.endsAt < next.endsAt
      : session.state.status === 'unknown'
    if (message.kind === 'opened') session.nextTurn()
    else if (!isNewer) return
    take(next)
  }
  tabs.then(({ channel }) => channel?.addEventListener('message', ({ data }) => hear(data as TabMessage)))

  return session
}
