import { delayAfter } from './backoff.ts'
import type { AuthClientError } from './errors.ts'
import type { Parts } from './parts.ts'
import type { Stored } from './record.ts'
import { type Answer, errorFrom } from './service.ts'
import type { Held } from './session.ts'
import { recordOf, shared } from './sign-in.ts'
import { judge } from './verdict.ts'

/** A service that asks for more is asked again sooner all the same, in case it was a proxy's slip. */
const LONGEST_SILENCE_SECONDS = 300
/** Longer than any tab takes between finding no key and storing one. */
const KEY_SETTLES_MS = 20

export interface Refresher {
  /** A token that lasts beyond the margin, renewed first where needed; `null` when signed out. */
  current(): Promise<string | null>
  /** A token other than `refused`, which an API called expired. Renews only if nobody has meanwhile. */
  after(refused: string): Promise<string | null>
  /** Renews now, or joins the renewal under way. */
  renew(): Promise<string | null>
}

export function createRefresher(parts: Parts, confirmSignOut: () => Promise<void>): Refresher {
  const { settings, environment, service, session, records, exclusive, tabs } = parts
  let flight: Promise<void> | null = null
  let refused: { error: AuthClientError; until: number } | null = null

  function renewOnce(): Promise<void> {
    flight ??= renewWithRetries().finally(() => {
      flight = null
    })
    return flight
  }

  async function renewWithRetries(): Promise<void> {
    if (refused !== null && environment.now() < refused.until) throw refused.error
    const turn = session.turn
    const known = session.held
    for (let tries = 1; !turn.aborted; tries++) {
      const answer = await exclusive(() => attempt(turn, known))
      if (answer === null) return
      const wait = 'retryAfterSeconds' in answer ? answer.retryAfterSeconds : undefined
      const delay = judge(answer).kind === 'later' ? delayAfter(tries, wait, environment.random()) : null
      if (delay === null) {
        const error = errorFrom(answer)
        if (wait !== undefined) {
          refused = { error, until: environment.now() + Math.min(wait, LONGEST_SILENCE_SECONDS) * 1000 }
        }
        throw error
      }
      await environment.sleep(delay, turn)
    }
  }

  /** One refresh on the wire. Answers `null` when the matter is settled, by whomever. */
  async function attempt(turn: AbortSignal, known: Held | null): Promise<Answer | null> {
    const isSettled = () => turn.aborted || session.status === 'signed-out' || session.held !== known
    if (isSettled()) return null
    const record = await records.read()
    if (record.signedOut) {
      session.end({ code: 'LOGOUT' })
      confirmSignOut().catch(() => undefined)
      return null
    }
    if (settings.client === 'native' && record.refreshToken === undefined) {
      session.end({ code: 'REFRESH_MISSING' })
      return null
    }
    const first = await send(record, turn)
    if (judge(first.answer).kind !== 'superseded' || turn.aborted) return settle(first, turn)
    // The key belonged to an older refresh. Whoever overtook it left a newer token: that one, with a key of its own.
    const { attempt: _spent, ...latest } = await records.read()
    return settle(await send(latest, turn), turn)
  }

  async function send(record: Stored, turn: AbortSignal): Promise<Attempt> {
    const key = await reserveKey(record, turn)
    const sentAt = environment.now()
    const body = settings.client === 'native' ? { refreshToken: record.refreshToken } : undefined
    return { key, sentAt, answer: await service.post('/auth/refresh', body, turn, key) }
  }

  /** The key is stored before it is sent: whatever cuts the answer off, the next try proves to be this one. */
  async function reserveKey(record: Stored, turn: AbortSignal): Promise<string> {
    if (record.attempt !== undefined) return record.attempt
    const key = newKey()
    await records.write({ ...record, attempt: key })
    if (settings.client === 'native' || environment.locks !== undefined) return key
    // Without locks several tabs may store one at the same instant. All of them send the one that stayed.
    await environment.sleep(KEY_SETTLES_MS, turn)
    const { attempt } = await records.read()
    return attempt ?? key
  }

  async function settle({ answer, sentAt, key }: Attempt, turn: AbortSignal): Promise<Answer | null> {
    if (turn.aborted) return null
    const verdict = judge(answer)
    if (verdict.kind === 'renewed') {
      const { attempt } = await records.read()
      // Only this key is done with: another tab may have stored its own while this one waited too long for the lock.
      const others = attempt === key ? {} : { attempt }
      await records.write({ ...others, ...recordOf(verdict.tokens) })
      if (turn.aborted) return null
      session.hold(verdict.tokens, sentAt)
      tabs.tell({ kind: 'renewed', tokens: shared(verdict.tokens), ageMs: environment.now() - sentAt })
      return null
    }
    if (verdict.kind !== 'ended') return answer
    const { code, reason } = verdict
    const sessionId = session.held?.sessionId
    await records.write({})
    session.end({ code, reason })
    if (sessionId !== undefined) tabs.tell({ kind: 'ended', sessionId, end: { code, reason } })
    return null
  }

  const isFresh = (held: Held | null) => held !== null && environment.now() < held.renewAt
  const isAlive = (held: Held | null) => held !== null && environment.now() < held.endsAt

  async function renew(): Promise<string | null> {
    if (session.status === 'signed-out') return null
    await renewOnce()
    return session.held?.accessToken ?? null
  }

  return {
    renew,
    async current() {
      if (isFresh(session.held)) return session.held!.accessToken
      try {
        return await renew()
      } catch (error) {
        if (isAlive(session.held)) return session.held!.accessToken
        throw error
      }
    },
    async after(refusedToken) {
      const { held } = session
      if (held !== null && held.accessToken !== refusedToken && isAlive(held)) return held.accessToken
      return renew()
    },
  }
}

interface Attempt {
  answer: Answer
  key: string
  sentAt: number
}

/** 128 random bits. `crypto.randomUUID` is missing on a page that is not served over https or from localhost. */
function newKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) =>
    byte.toString(16).padStart(2, '0'),
  ).join('')
}
