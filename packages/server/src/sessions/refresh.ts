import type { ClientKind } from '@latchkey/protocol'
import type { Account } from '../accounts/account.ts'
import { AuthError } from '../errors.ts'
import type { EventListener } from '../events.ts'
import type { Clock } from '../time.ts'
import type { Arrival, RefreshArrivals } from './arrivals.ts'
import { batched } from './batch.ts'
import {
  type ClaimedRefreshToken,
  digestAttempt,
  parseRefreshToken,
  type RefreshTokens,
} from './refresh-token.ts'
import { judge, type Presented, rotated, type SessionPolicy, type Verdict } from './rules.ts'
import type { Session } from './session.ts'
import type { OwnedSession, SessionStore } from './store.ts'

export interface RefreshRequest {
  refreshToken: string
  /** How the token travelled; a session is refreshed only the way it was opened. */
  client: ClientKind
  /** The caller's `Idempotency-Key`, or null. */
  idempotencyKey: string | null
  /** The `sid` of the access token that was sent along, or null when none was. */
  accessTokenSessionId: string | null
  ip: string | null
  arrival: Arrival
}

export interface Refreshed {
  session: Session
  account: Account
  refreshToken: string
}

interface RefreshDependencies {
  store: SessionStore
  tokens: RefreshTokens
  arrivals: RefreshArrivals
  policy: SessionPolicy
  now: Clock
  onEvent: EventListener
}

/** A request on its way through a batch. */
interface Candidate {
  request: RefreshRequest
  claimed: ClaimedRefreshToken
  keyDigest: string | null
}

type Outcome =
  | { kind: 'invalid' }
  | (OwnedSession & { kind: Exclude<Verdict['kind'], 'revoked'> | 'revoked' })

const refused = {
  invalid: () =>
    new AuthError('REFRESH_INVALID', 'the refresh token is not one that this service accepts here'),
  expired: () => new AuthError('REFRESH_EXPIRED', 'the session has run out'),
  reused: () =>
    new AuthError('REFRESH_REUSED', 'the refresh token had been used before, so its session was ended'),
  superseded: () =>
    new AuthError(
      'REFRESH_SUPERSEDED',
      'a late copy of a refresh that was answered before; the session goes on',
    ),
  revoked: (session: Session) =>
    new AuthError('SESSION_REVOKED', 'the session was ended', {
      ...(session.ended === null ? {} : { reason: session.ended.reason }),
    }),
}

/**
 * Makes the refresh use case. It rejects with REFRESH_INVALID, REFRESH_EXPIRED, REFRESH_REUSED,
 * REFRESH_SUPERSEDED, SESSION_REVOKED or STORE_UNAVAILABLE, and then nothing has moved.
 */
export function createRefresh(deps: RefreshDependencies): (request: RefreshRequest) => Promise<Refreshed> {
  const decide = batched((batch: Candidate[]) => decideAll(batch, deps))

  return async (request) => {
    const claimed = parseRefreshToken(request.refreshToken)
    if (claimed === null) throw refused.invalid()
    const keyDigest = request.idempotencyKey === null ? null : digestAttempt(request.idempotencyKey)
    const outcome = await decide({ request, claimed, keyDigest })
    switch (outcome.kind) {
      case 'rotate':
      case 'replay':
        return {
          session: outcome.session,
          account: outcome.account,
          refreshToken: deps.tokens.issue(outcome.session, outcome.session.generation),
        }
      case 'revoked':
        throw refused.revoked(outcome.session)
      default:
        throw refused[outcome.kind]()
    }
  }
}

/**
 * Decides a batch in rounds. A round moves each session at most once; whoever lost, here or to another node, is
 * judged again in the next round against the session as it then stands.
 */
async function decideAll(batch: Candidate[], deps: RefreshDependencies): Promise<Outcome[]> {
  const outcomes = new Map<Candidate, Outcome>()
  const current = new Map<string, OwnedSession>()
  // The clock comes before the read, always: a node that was stopped in between would judge what it read long ago by
  // the time of today, and end a session that others have kept alive.
  let now = deps.now()
  await read(current, new Set(batch.map(({ claimed }) => claimed.sessionId)), deps.store)

  let open = batch.filter((candidate) => {
    const owned = current.get(candidate.claimed.sessionId)
    const valid = owned !== undefined && isGenuine(candidate, owned.session, deps.tokens)
    if (!valid) outcomes.set(candidate, { kind: 'invalid' })
    return valid
  })

  while (open.length > 0) {
    const moves = new Map<string, { candidate: Candidate; next: Session; aheadOfStore: boolean }>()
    const again: Candidate[] = []

    for (const candidate of open) {
      const owned = current.get(candidate.claimed.sessionId)
      if (owned === undefined) {
        outcomes.set(candidate, { kind: 'invalid' })
        continue
      }
      if (moves.has(owned.session.id)) {
        again.push(candidate)
        continue
      }
      const presented = present(candidate, deps.arrivals)
      const verdict = judge(owned.session, presented, now, deps.policy)
      if (verdict.kind === 'rotate') {
        const next = { ...rotated(owned.session, presented, now), ip: candidate.request.ip }
        moves.set(next.id, { candidate, next, aheadOfStore: verdict.aheadOfStore })
      } else {
        outcomes.set(candidate, { ...owned, kind: verdict.kind })
        const ended = await endAsJudged(verdict, candidate, owned.session, now, deps)
        if (ended !== null) current.set(ended.id, { ...owned, session: ended })
      }
    }

    const lost = await rotate(moves, current, outcomes, deps)
    now = deps.now()
    await read(current, new Set(lost.map(({ claimed }) => claimed.sessionId)), deps.store)
    open = [...lost, ...again]
  }
  return batch.map((candidate) => outcomes.get(candidate) as Outcome)
}

/** Nothing moves before this has held: the service issued the token, for this session, to travel this way. */
function isGenuine({ claimed, request }: Candidate, session: Session, tokens: RefreshTokens): boolean {
  return (
    tokens.proves(claimed, session) &&
    session.client === request.client &&
    (request.accessTokenSessionId === null || request.accessTokenSessionId === session.id)
  )
}

function present({ claimed, keyDigest, request }: Candidate, arrivals: RefreshArrivals): Presented {
  const { generation, sessionId } = claimed
  return {
    generation,
    keyDigest,
    arrivedBeforeAnswer: arrivals.cameBeforeAnswer(request.arrival, sessionId, generation),
  }
}

async function read(into: Map<string, OwnedSession>, ids: Set<string>, store: SessionStore): Promise<void> {
  if (ids.size === 0) return
  const wanted = [...ids]
  const found = await store.findMany(wanted)
  wanted.forEach((id, i) => {
    const owned = found[i]
    if (owned === undefined) into.delete(id)
    else into.set(id, owned)
  })
}

/** Writes the moves of one round, and returns the candidates whose session had moved already. */
async function rotate(
  moves: Map<string, { candidate: Candidate; next: Session; aheadOfStore: boolean }>,
  current: Map<string, OwnedSession>,
  outcomes: Map<Candidate, Outcome>,
  { store, arrivals, onEvent }: RefreshDependencies,
): Promise<Candidate[]> {
  if (moves.size === 0) return []
  const planned = [...moves.values()].map((move) => {
    const owned = current.get(move.next.id) as OwnedSession
    return { ...move, owned, expectedGeneration: owned.session.generation }
  })
  const moved = await store.rotateMany(planned)
  return planned.flatMap(({ candidate, next, owned, aheadOfStore, expectedGeneration }, i) => {
    if (moved[i] !== true) return [candidate]
    const after = { account: owned.account, session: next }
    current.set(next.id, after)
    outcomes.set(candidate, { ...after, kind: 'rotate' })
    arrivals.rotated(next.id, candidate.claimed.generation, candidate.request.arrival)
    if (aheadOfStore) {
      onEvent({
        type: 'refresh.ahead_of_store',
        sessionId: next.id,
        userId: next.userId,
        presentedGeneration: candidate.claimed.generation,
        currentGeneration: expectedGeneration,
      })
    }
    return []
  })
}

/** Ends a session that was judged to be over, durably and before anybody is told. */
async function endAsJudged(
  verdict: Verdict,
  { claimed, keyDigest, request }: Candidate,
  session: Session,
  now: number,
  { store, onEvent }: RefreshDependencies,
): Promise<Session | null> {
  if (verdict.kind !== 'reused' && verdict.kind !== 'expired') return null
  if (session.ended !== null) return null
  const reason = verdict.kind === 'reused' ? 'reuse_detected' : 'expired'
  const ended = await store.endMany([session.id], reason, now)
  if (verdict.kind === 'reused') {
    onEvent({
      type: 'refresh.reused',
      sessionId: session.id,
      userId: session.userId,
      presentedGeneration: claimed.generation,
      currentGeneration: session.generation,
      withIdempotencyKey: keyDigest !== null,
      ip: request.ip,
    })
  }
  if (ended.length > 0)
    onEvent({ type: 'session.ended', sessionId: session.id, userId: session.userId, reason })
  return { ...session, ended: { at: now, reason } }
}
