import type { Limits } from '../abuse/limits.ts'
import { StoreUnavailableError } from '../errors.ts'
import type { EventListener } from '../events.ts'
import type { Clock, Instant } from '../time.ts'
import type { ArrivalQuestion, RefreshArrivals } from './arrivals.ts'
import type { RefreshRequest } from './refresh.ts'
import type { ClaimedRefreshToken, RefreshTokens } from './refresh-token.ts'
import { isRemembered, judge, type Presented, rotated, type SessionPolicy, type Verdict } from './rules.ts'
import type { Ended, Session } from './session.ts'
import type { OwnedSession, SessionStore } from './store.ts'

export interface RefreshDependencies {
  store: SessionStore
  tokens: RefreshTokens
  arrivals: RefreshArrivals
  policy: SessionPolicy
  limits: Pick<Limits, 'refresh'>
  now: Clock
  onEvent: EventListener
}

/** A request with what its refresh token claims. */
export interface Candidate {
  request: RefreshRequest
  claimed: ClaimedRefreshToken
  keyDigest: string | null
}

export type Outcome =
  | { kind: 'invalid' }
  | { kind: 'failed'; error: unknown }
  | (OwnedSession & { kind: Verdict['kind'] })

interface Move {
  candidate: Candidate
  owned: OwnedSession
  next: Session
  aheadOfStore: boolean
}

interface Ending {
  candidate: Candidate
  owned: OwnedSession
  reason: 'reuse_detected' | 'expired'
}

/** Makes the function that decides what arrived together. It rejects only when nothing at all was decided. */
export function decideBatch(deps: RefreshDependencies): (batch: Candidate[]) => Promise<Outcome[]> {
  return async (batch) => await new RefreshBatch(deps).decide(batch)
}

/**
 * One batch, decided in rounds. A round moves each session at most once; whoever lost, here or to another node, is
 * judged again in the next round against the session as it then stands.
 */
class RefreshBatch {
  readonly #deps: RefreshDependencies
  readonly #sessions = new Map<string, OwnedSession>()
  readonly #outcomes = new Map<Candidate, Outcome>()
  /** What other workers of this node have said of those that came late for this one. */
  readonly #cameInTimeElsewhere = new Map<Candidate, boolean>()
  #now: Instant = 0

  constructor(deps: RefreshDependencies) {
    this.#deps = deps
  }

  async decide(batch: Candidate[]): Promise<Outcome[]> {
    try {
      await this.#read(batch)
      let open = this.#admit(batch)
      while (open.length > 0) open = await this.#round(open)
    } catch (error) {
      // What was written stays answered: those who moved have moved.
      if (this.#outcomes.size === 0) throw error
      return batch.map((candidate) => this.#outcomes.get(candidate) ?? { kind: 'failed', error })
    }
    return batch.map((candidate) => this.#outcomes.get(candidate) as Outcome)
  }

  /** Answers those whose token is not genuine, or whose session is refreshed too often, and returns the others. */
  #admit(batch: readonly Candidate[]): Candidate[] {
    return batch.filter((candidate) => {
      const owned = this.#sessions.get(candidate.claimed.sessionId)
      if (owned === undefined || !isGenuine(candidate, owned.session, this.#deps.tokens)) {
        this.#outcomes.set(candidate, { kind: 'invalid' })
        return false
      }
      try {
        this.#deps.limits.refresh(owned.session.id, candidate.request.ip)
        return true
      } catch (error) {
        this.#outcomes.set(candidate, { kind: 'failed', error })
        return false
      }
    })
  }

  /** Returns those that are still open after the round. */
  async #round(open: Candidate[]): Promise<Candidate[]> {
    const judged = new Map<Candidate, Outcome>()
    const moves = new Map<string, Move>()
    const endings = new Map<string, Ending>()
    const again: Candidate[] = []
    const unsure: Candidate[] = []

    for (const candidate of open) {
      const owned = this.#sessions.get(candidate.claimed.sessionId)
      if (owned === undefined) {
        judged.set(candidate, { kind: 'invalid' })
        continue
      }
      const { session } = owned
      if (moves.has(session.id)) {
        again.push(candidate)
        continue
      }
      const presented = this.#present(candidate)
      const verdict = judge(session, presented, this.#now, this.#deps.policy)
      if (verdict.kind === 'rotate') {
        const next = { ...rotated(session, presented, this.#now), ip: candidate.request.ip }
        moves.set(session.id, { candidate, owned, next, aheadOfStore: verdict.aheadOfStore })
        continue
      }
      if (verdict.kind === 'reused' && this.#othersMayKnow(candidate, session)) {
        unsure.push(candidate)
        continue
      }
      judged.set(candidate, { ...owned, kind: verdict.kind })
      if (verdict.kind === 'replay' && !isRemembered(session, presented)) this.#reportJoined(owned)
      const reason = endingReason(verdict)
      if (reason !== null && session.ended === null) {
        endings.set(session.id, { candidate, owned, reason })
        this.#sessions.set(session.id, withEnded(owned, { at: this.#now, reason }))
      }
    }

    // An ending is durable before anybody is told of it.
    await this.#end([...endings.values()])
    for (const [candidate, outcome] of judged) this.#outcomes.set(candidate, outcome)
    const lost = await this.#move([...moves.values()])
    if (lost.length > 0) await this.#read(lost)
    await this.#askOthers(unsure)
    return [...lost.filter((candidate) => this.#hasChanged(candidate, moves)), ...again, ...unsure]
  }

  /** A store that shows a session as live and does not move it would be asked for ever, and everybody else would wait. */
  #hasChanged(candidate: Candidate, moves: ReadonlyMap<string, Move>): boolean {
    const before = moves.get(candidate.claimed.sessionId)?.owned.session
    const after = this.#sessions.get(candidate.claimed.sessionId)?.session
    if (before?.generation !== after?.generation || after?.ended !== null) return true
    const error = new StoreUnavailableError(new Error('a session stands still that nobody else has moved'))
    this.#outcomes.set(candidate, { kind: 'failed', error })
    return false
  }

  /** Two tabs at once are no theft, also when each is at another worker of the node: asked before a session is ended for it. */
  #othersMayKnow(candidate: Candidate, session: Session): boolean {
    return (
      this.#deps.arrivals.hasOthers &&
      candidate.claimed.generation === session.generation - 1 &&
      !this.#cameInTimeElsewhere.has(candidate)
    )
  }

  async #askOthers(candidates: readonly Candidate[]): Promise<void> {
    await Promise.all(
      candidates.map(async (candidate) => {
        const inTime = await this.#deps.arrivals.cameBeforeAnswerElsewhere(questionOf(candidate))
        this.#cameInTimeElsewhere.set(candidate, inTime)
      }),
    )
  }

  /**
   * The clock comes before the read, always: a node that was stopped in between would judge what it read long ago by
   * the time of today, and end a session that others have kept alive.
   */
  async #read(candidates: readonly Candidate[]): Promise<void> {
    this.#now = this.#deps.now()
    const ids = [...new Set(candidates.map(({ claimed }) => claimed.sessionId))]
    const found = await this.#deps.store.findMany(ids)
    ids.forEach((id, i) => {
      const owned = found[i]
      if (owned === undefined) this.#sessions.delete(id)
      else this.#sessions.set(id, owned)
    })
  }

  /** Writes the moves of a round, and returns those whose session had moved already. */
  async #move(moves: readonly Move[]): Promise<Candidate[]> {
    if (moves.length === 0) return []
    for (const { candidate } of moves) {
      const { claimed, request } = candidate
      this.#deps.arrivals.rotating(claimed.sessionId, claimed.generation, request.arrival)
    }
    const moved = await this.#deps.store.rotateMany(
      moves.map(({ owned, next }) => ({ expectedGeneration: owned.session.generation, next })),
    )
    return moves.flatMap(({ candidate, owned, next, aheadOfStore }, i) => {
      if (moved[i] !== true) {
        this.#deps.arrivals.lost(next.id, candidate.request.arrival)
        return [candidate]
      }
      const after = { ...owned, session: next }
      this.#sessions.set(next.id, after)
      this.#outcomes.set(candidate, { ...after, kind: 'rotate' })
      if (aheadOfStore) this.#reportAheadOfStore(candidate, owned.session)
      return []
    })
  }

  async #end(endings: readonly Ending[]): Promise<void> {
    for (const [reason, group] of Map.groupBy(endings, (ending) => ending.reason)) {
      const ids = group.map(({ owned }) => owned.session.id)
      const ended = new Set(await this.#deps.store.endMany(ids, reason, this.#now))
      for (const { candidate, owned } of group) {
        const { id: sessionId, userId } = owned.session
        if (reason === 'reuse_detected') this.#reportReuse(candidate, owned.session)
        if (ended.has(sessionId)) this.#deps.onEvent({ type: 'session.ended', sessionId, userId, reason })
      }
    }
  }

  #present(candidate: Candidate): Presented {
    const { claimed, keyDigest, request } = candidate
    const { generation, sessionId } = claimed
    return {
      generation,
      keyDigest,
      arrivedBeforeAnswer:
        this.#deps.arrivals.cameBeforeAnswer(request.arrival, sessionId, generation) ||
        this.#cameInTimeElsewhere.get(candidate) === true,
    }
  }

  #reportJoined({ session: { id: sessionId, userId } }: OwnedSession): void {
    this.#deps.onEvent({ type: 'refresh.joined', sessionId, userId })
  }

  #reportReuse(
    { claimed, keyDigest, request }: Candidate,
    { id: sessionId, userId, generation }: Session,
  ): void {
    this.#deps.onEvent({
      type: 'refresh.reused',
      sessionId,
      userId,
      presentedGeneration: claimed.generation,
      currentGeneration: generation,
      withIdempotencyKey: keyDigest !== null,
      ip: request.ip,
    })
  }

  #reportAheadOfStore({ claimed }: Candidate, { id: sessionId, userId, generation }: Session): void {
    this.#deps.onEvent({
      type: 'refresh.ahead_of_store',
      sessionId,
      userId,
      presentedGeneration: claimed.generation,
      currentGeneration: generation,
    })
  }
}

function questionOf({ claimed, request }: Candidate): ArrivalQuestion {
  const { sessionId, generation } = claimed
  return { arrivedAt: request.arrival.arrivedAt, sessionId, generation }
}

/** Nothing moves before this has held: the service issued the token, for this session, to travel this way. */
function isGenuine({ claimed, request }: Candidate, session: Session, tokens: RefreshTokens): boolean {
  return (
    tokens.proves(claimed, session) &&
    session.client === request.client &&
    (request.accessTokenSessionId === null || request.accessTokenSessionId === session.id)
  )
}

function endingReason({ kind }: Verdict): Ending['reason'] | null {
  if (kind === 'reused') return 'reuse_detected'
  return kind === 'expired' ? 'expired' : null
}

function withEnded({ account, session }: OwnedSession, ended: Ended): OwnedSession {
  return { account, session: { ...session, ended } }
}
