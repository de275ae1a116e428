import { randomBytes } from 'node:crypto'
import type { ClientKind, SessionEndReason } from '@latchkey/protocol'
import type { Account } from '../accounts/account.ts'
import { AuthError } from '../errors.ts'
import type { EventListener } from '../events.ts'
import { isId, newId } from '../ids.ts'
import type { Clock, Instant } from '../time.ts'
import type { Refreshed } from './refresh.ts'
import { parseRefreshToken, type RefreshTokens } from './refresh-token.ts'
import { isLive, type SessionPolicy } from './rules.ts'
import type { Session } from './session.ts'
import type { OwnedSession, SessionStore, WalkProgress } from './store.ts'

export interface SessionLimits extends SessionPolicy {
  /** Seconds from sign-in to the absolute end. */
  sessionTtlSeconds: number
  /** Live sessions that one user may have; the least recently used beyond it end. */
  maxSessionsPerUser: number
}

export interface DeviceFacts {
  client: ClientKind
  ip: string | null
  userAgent: string | null
}

interface SessionDependencies {
  store: SessionStore
  tokens: RefreshTokens
  limits: SessionLimits
  now: Clock
  onEvent: EventListener
}

/** Opening, listing and ending sessions. Rejects with STORE_UNAVAILABLE where the store is away. */
export class SessionService {
  readonly #store: SessionStore
  readonly #tokens: RefreshTokens
  readonly #limits: SessionLimits
  readonly #now: Clock
  readonly #onEvent: EventListener

  constructor({ store, tokens, limits, now, onEvent }: SessionDependencies) {
    this.#store = store
    this.#tokens = tokens
    this.#limits = limits
    this.#now = now
    this.#onEvent = onEvent
  }

  /**
   * Opens a session for an account whose credentials have just been checked. Rejects with INVALID_CREDENTIALS
   * when the password was changed, or the account disabled, while they were being checked.
   */
  async open(account: Account, device: DeviceFacts): Promise<Refreshed> {
    const now = this.#now()
    const session: Session = {
      id: newId(),
      userId: account.id,
      client: device.client,
      seed: randomBytes(16),
      generation: 0,
      createdAt: now,
      lastUsedAt: now,
      expiresAt: now + this.#limits.sessionTtlSeconds * 1000,
      attempts: [],
      ip: device.ip,
      userAgent: device.userAgent,
      ended: null,
    }
    const outcome = await this.#store.open({
      session,
      credentialVersion: account.credentialVersion,
      maxSessions: this.#limits.maxSessionsPerUser,
      idleSince: this.#idleSince(now),
    })
    if (!outcome.opened)
      throw new AuthError('INVALID_CREDENTIALS', 'the e-mail address or the password is wrong')
    this.#report(account.id, outcome.endedIds, 'session_limit')
    return { session, account, refreshToken: this.#tokens.issue(session, session.generation) }
  }

  /** The session and its account, whatever its state; undefined when there is none. */
  async find(sessionId: string): Promise<OwnedSession | undefined> {
    const [owned] = await this.#store.findMany([sessionId])
    return owned
  }

  /** The session, live or ended, that a refresh token of any generation belongs to; null for anything else. */
  async findByRefreshToken(refreshToken: string): Promise<Session | null> {
    const claimed = parseRefreshToken(refreshToken)
    if (claimed === null) return null
    const owned = await this.find(claimed.sessionId)
    return owned !== undefined && this.#tokens.proves(claimed, owned.session) ? owned.session : null
  }

  /** A user's live sessions, the most recently used first. */
  async list(userId: string): Promise<Session[]> {
    const now = this.#now()
    return (await this.#store.listByUser(userId)).filter((session) => isLive(session, now, this.#limits))
  }

  /** Ends one of a user's live sessions. Rejects with NOT_FOUND for any other id, and does not say why. */
  async end(userId: string, sessionId: string, reason: SessionEndReason): Promise<void> {
    const owned = isId(sessionId) ? await this.find(sessionId) : undefined
    const live =
      owned !== undefined &&
      owned.session.userId === userId &&
      isLive(owned.session, this.#now(), this.#limits)
    const ended = live ? await this.#store.endMany([sessionId], reason, this.#now()) : []
    if (ended.length === 0) throw new AuthError('NOT_FOUND', 'there is no such session')
    this.#report(userId, ended, reason)
  }

  /** Ends all of a user's sessions but the excepted one. */
  async endAll(userId: string, except: string | null, reason: SessionEndReason): Promise<void> {
    const ended = await this.#store.endByUser(userId, { except, reason, now: this.#now() })
    this.#report(userId, ended, reason)
  }

  /**
   * Ends the session that a refresh token of any generation belongs to; anything else changes nothing.
   * @param client the only kind of session to end, or null for either
   */
  async endByRefreshToken(refreshToken: string, client: ClientKind | null = null): Promise<void> {
    const session = await this.findByRefreshToken(refreshToken)
    if (session !== null && (client === null || client === session.client)) await this.#logOut(session)
  }

  /** Ends the session that an access token named. */
  async endBySessionId(sessionId: string): Promise<void> {
    const owned = await this.find(sessionId)
    if (owned !== undefined) await this.#logOut(owned.session)
  }

  /** Ends every session opened before an instant, as after a backup was restored; resolves to their number. */
  async endOpenedBefore(before: Instant, onProgress?: (progress: WalkProgress) => void): Promise<number> {
    return await this.#store.endOpenedBefore(before, 'revoked_by_operator', this.#now(), onProgress)
  }

  async #logOut({ id, userId }: Session): Promise<void> {
    this.#report(userId, await this.#store.endMany([id], 'logout', this.#now()), 'logout')
  }

  #idleSince(now: Instant): Instant {
    return now - this.#limits.idleTtlSeconds * 1000
  }

  #report(userId: string, endedIds: readonly string[], reason: SessionEndReason): void {
    for (const sessionId of endedIds) this.#onEvent({ type: 'session.ended', sessionId, userId, reason })
  }
}
