import type { RevocationEntry } from '../../revocations/entry.ts'
import { LogPlace, type RevocationStore } from '../../revocations/store.ts'
import type { Ended } from '../../sessions/session.ts'
import type { Clock } from '../../time.ts'
import { type RedisSessions, STEP_KEYS } from './sessions.ts'

/** Whoever wrote an entry has ended the session itself by then. */
const ROUND_MS = 10_000

interface RevokedDependencies {
  log: RevocationStore
  sessions: RedisSessions
  now: Clock
}

/**
 * The sessions that the log still tells of, whatever Redis says. Redis may have gone back in time: restarted from what it
 * had last on its disk, or from a replica that had not heard yet. What the log knows is over all the same, and is written to
 * Redis again: at the start, whenever another server answers, and where the one who wrote it came to grief.
 */
export class RevokedSessions {
  readonly #log: RevocationStore
  readonly #sessions: RedisSessions
  readonly #now: Clock
  readonly #known = new Map<string, Pick<RevocationEntry, 'revokedAt' | 'expiresAt'>>()
  readonly #place = new LogPlace()
  #reading: Promise<void> = Promise.resolve()
  #isAsked = false
  /** What is to be ended in Redis, and what was read too lately for that. */
  #due = new Set<string>()
  #fresh = new Set<string>()
  #stopWatching = (): void => {}
  #timer: NodeJS.Timeout | undefined

  constructor({ log, sessions, now }: RevokedDependencies) {
    this.#log = log
    this.#sessions = sessions
    this.#now = now
  }

  /** Reads what the log holds, and ends it in Redis. Rejects with `StoreUnavailableError`. */
  async start(): Promise<void> {
    await this.#read()
    this.#makeAllDue()
    await this.#apply()
    this.#stopWatching = this.#log.watch(() => this.#catchUp())
    this.#timer = setInterval(() => void this.#round(), ROUND_MS).unref()
  }

  /** How a session ended that Redis believes to be live; null where it is. */
  endOf(id: string): Ended | null {
    const entry = this.#known.get(id)
    // The log keeps no reasons.
    return entry === undefined ? null : { at: entry.revokedAt, reason: 'logout' }
  }

  /** To be called when another server may answer than before. Never rejects. */
  applyAgain(): void {
    this.#makeAllDue()
    void this.#apply().catch(() => {})
  }

  stop(): void {
    this.#stopWatching()
    clearInterval(this.#timer)
  }

  #catchUp(): void {
    // A read that is under way may have looked too early; one more is enough for all who ask meanwhile.
    if (this.#isAsked) return
    this.#isAsked = true
    this.#reading = this.#reading
      .then(() => {
        this.#isAsked = false
        return this.#read()
      })
      .catch(() => {})
  }

  /** What has expired, too: Redis may have lost the end in an outage that has lasted longer than the access tokens. */
  async #read(): Promise<void> {
    await this.#place.readOn(this.#log, this.#now, (entries) => {
      for (const { kind, subject, revokedAt, expiresAt } of entries) {
        if (kind !== 'sid') continue
        this.#known.set(subject, { revokedAt, expiresAt })
        this.#fresh.add(subject)
      }
    })
  }

  /**
   * Ends what was read before the last round: nobody is in the way of who ends a session just now. What has expired is
   * forgotten only after Redis was told of it once more: it may have gone back in time while it was away.
   */
  async #round(): Promise<void> {
    const now = this.#now()
    for (const [id, { expiresAt }] of this.#known) if (expiresAt <= now) this.#due.add(id)
    await this.#apply().catch(() => {})
    for (const id of this.#fresh) this.#due.add(id)
    this.#fresh.clear()
    this.#catchUp()
  }

  #makeAllDue(): void {
    this.#due = new Set(this.#known.keys())
    this.#fresh.clear()
  }

  async #apply(): Promise<void> {
    const ids = [...this.#due]
    // One step after the other: there may be many, and others want to be served.
    for (let i = 0; i < ids.length; i += STEP_KEYS) {
      const step = ids.slice(i, i + STEP_KEYS)
      const now = this.#now()
      await this.#sessions.end(step, { at: now, reason: 'logout' })
      for (const id of step) {
        this.#due.delete(id)
        if ((this.#known.get(id)?.expiresAt ?? now) <= now) this.#known.delete(id)
      }
    }
  }
}
