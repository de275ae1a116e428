import { delayAfter } from './backoff.ts'
import type { Host } from './host.ts'
import type { Lifetime } from './lifetime.ts'
import type { Exclusive } from './lock.ts'
import { newKey } from './random.ts'
import type { Stored } from './record.ts'
import { type Answer, errorFrom, type Service } from './service.ts'
import type { Held, Session, SessionEnd } from './session.ts'
import { judge, type Verdict } from './verdict.ts'

export interface Refresher {
  /**
   * A token that lasts beyond the margin, renewed first where needed; `null` when signed out. It is another one than
   * `refused`, which an API called expired.
   */
  current(refused?: string): Promise<string | null>
  /** Renews what ran out meanwhile, or what could not be renewed before. */
  wake(): void
}

/**
 * With the key that is sent next. One that another tab has left may be of a tab that hangs: its answer may still come,
 * and put back the cookie that it found. So the next refreshes take that key as well: whichever cookie they find, they
 * prove to be the attempt that it was spent for.
 */
function reserve(now: Stored, lastSent: string, doubts: number): Stored {
  if (now.attempt) return now.attempt === lastSent ? now : { ...now, doubts }
  return { ...now, attempt: (now.doubts && now.spent) || newKey() }
}

/** What stands in the record after an answer that says something of the session. */
function afterwards(
  now: Stored,
  key: string,
  verdict: Verdict,
  keep: () => Partial<Stored> | undefined,
): Stored {
  const isOurs = now.attempt === key
  const left = isOurs ? { ...now, attempt: undefined, doubts: now.doubts && now.doubts - 1 } : now
  if (verdict !== 'renewed') return isOurs && verdict === 'ended' ? {} : left
  if (isOurs) return { ...left, spent: key, renewal: newKey(), ...keep() }
  // Answered twice: what stands is of the first answer, or newer.
  if (now.spent === key) return now
  // The others have gone on, and this answer may have put an older cookie back. Repeating the last refresh with its
  // own key brings the newer one again.
  return { ...now, attempt: now.attempt ?? now.spent }
}

export function createRefresher(
  host: Host,
  service: Service,
  session: Session,
  exclusive: Exclusive,
  confirmSignOut: () => Promise<void>,
): Refresher {
  /** How often one refresh is sent before its caller is told that the service cannot be reached. */
  const TRIES = 4
  /** A caller is not kept waiting for longer than this before it is told what the service asks for. */
  const LONGEST_WAIT_SECONDS = 5
  /** How often a refresh is sent anew after one that was of no use, because others had gone on. */
  const ROUNDS = 1
  /** How many refreshes the key of a tab that said no more is used for, its own among them. */
  const DOUBTS = 3
  /** How long the outcome of another tab's refresh may be on its way before this tab asks for itself. */
  const NEWS_WITHIN_MS = 1000

  const { now } = host
  let flight: Promise<void> | undefined
  let failure: Answer | undefined
  let quietUntil = 0
  /** The one that was sent last. */
  let key = ''

  async function renewWithRetries(isHurried: boolean): Promise<void> {
    const { turn, held } = session
    for (let tries = 1; now() >= quietUntil; tries++) {
      failure = await exclusive(() => attempt(turn, held))
      if (!failure) return
      const { code, status, retryAfterSeconds: asked = 0 } = failure
      // The service's own refusal, unless it is busy or away. A proxy knows none of its codes.
      const isFinal = code && status! < 429
      if (isFinal || isHurried || tries === TRIES || asked > LONGEST_WAIT_SECONDS) {
        quietUntil = now() + delayAfter(TRIES, asked)
      } else await host.sleep(delayAfter(tries, asked), turn)
    }
    throw errorFrom(failure!)
  }

  /** One turn at the session. Answers nothing when the matter is settled, by whomever. */
  async function attempt(turn: AbortSignal, known: Held | null): Promise<Answer | undefined> {
    const isSettled = () => turn.aborted || session.held !== known
    let isKnown: boolean | undefined
    for (let round = 0; !isSettled(); round++) {
      // Another tab has renewed, and what it told the others is still on its way.
      const isBehind = (now: Stored) => !round && !host.settle && known && now.renewal !== known.renewal
      // The key is stored before it is sent: whatever cuts the answer off, the next try proves to be this one.
      const record = await host.records.change((now) => {
        isKnown = isSettled() || host.settle?.(now, session)
        return isKnown || isBehind(now) ? now : reserve(now, key, host.settle ? 0 : DOUBTS)
      })
      if (isKnown || isSettled()) return
      if (record.signedOut) {
        session.end({ code: 'LOGOUT' })
        exclusive(confirmSignOut).catch(() => undefined)
        return
      }
      if (isBehind(record)) {
        const until = now() + NEWS_WITHIN_MS
        // Twice at least: where all was held up for longer than that, the word is next in the queue.
        for (let look = 0; (look < 2 || now() < until) && !isSettled(); look++) await host.sleep(20, turn)
        continue
      }
      const sentAt = now()
      key = record.attempt!
      const answer = await service('/auth/refresh', {
        record,
        headers: { 'idempotency-key': key },
      })
      const { tokens } = answer
      const verdict = judge(answer)
      if (turn.aborted) return
      if (verdict === 'unknown') return answer
      const { renewal, spent } = await host.records.change((now) =>
        afterwards(now, key, verdict, () => host.keep?.(tokens!, host.now() - sentAt)),
      )
      if (turn.aborted) return
      if (tokens && spent === key) {
        if (session.held?.renewal !== renewal)
          session.hold('renewed', { ...tokens, renewal: renewal! }, sentAt)
        return
      }
      // Somebody else may have signed in or renewed meanwhile. Then it was an older session or token that ended.
      if (verdict === 'ended' && !renewal) {
        session.end({ code: answer.code as SessionEnd['code'], reason: answer.reason })
        return
      }
      if (round === ROUNDS) return answer
    }
    return undefined
  }

  async function current(refused?: string): Promise<string | null> {
    const isGoodUntil = (end: keyof Lifetime) =>
      !!session.held && session.held.accessToken !== refused && now() < session.held[end]
    // A session that another process has opened is found in the record they share.
    const mayHave = host.settle || session.state.status !== 'signed-out'
    if (mayHave && !isGoodUntil(now() < quietUntil ? 'endsAt' : 'renewAt')) {
      flight ??= renewWithRetries(isGoodUntil('endsAt')).finally(() => {
        flight = undefined
      })
      try {
        await flight
      } catch (error) {
        if (!isGoodUntil('endsAt')) throw error
      }
    }
    return session.held?.accessToken ?? null
  }

  return {
    current,
    wake() {
      if (!failure?.retryAfterSeconds) quietUntil = 0
      if (session.held || failure) current().catch(() => undefined)
    },
  }
}
