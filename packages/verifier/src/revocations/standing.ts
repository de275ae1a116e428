import { invalid, keysUnavailable, VerifyError } from '../errors.ts'
import type { FetchLike } from '../keys/fetch-json.ts'
import { requestsAreIsolated } from '../runtime.ts'
import type { FeedStats } from '../stats.ts'
import { RevocationFeed } from './feed.ts'
import { Introspection } from './introspection.ts'
import { Liveness } from './liveness.ts'
import type { Message } from './messages.ts'
import type { RevocationSettings } from './options.ts'
import { type Clocks, type Names, Revoked } from './revoked.ts'

export interface StandingOptions extends RevocationSettings {
  fetch: FetchLike
  /** Epoch milliseconds. */
  now: () => number
  clockLeewaySeconds: number
  onKeyWithdrawn: (kid: string) => void
}

/** Whether a token that holds in every other respect still stands: what the feed says, and what to do when it says nothing. */
export class Standing {
  readonly #options: StandingOptions
  readonly #clocks: Clocks
  readonly #revoked: Revoked
  readonly #liveness: Liveness
  readonly #feed: RevocationFeed
  readonly #introspection: Introspection
  /** Until the feed has been heard for the first time, or that has taken too long. */
  #beginning: Promise<void> | undefined
  #endBeginning = () => {}
  #hasBegun = false
  #lastDelayMs: number | null = null
  #largestDelayMs: number | null = null

  constructor(options: StandingOptions) {
    const { url, introspectionUrl, authorization, fetch, now } = options
    const elapsed = () => performance.now()
    this.#options = options
    this.#clocks = { now, elapsed }
    this.#revoked = new Revoked(this.#clocks, options.clockLeewaySeconds)
    this.#liveness = new Liveness(this.#clocks)
    this.#introspection = new Introspection({ url: introspectionUrl, authorization, fetch, elapsed })
    const listener = {
      onMessage: (message: Message, isNews: boolean) => this.#heed(message, isNews),
      onAlive: () => this.#hearAlive(),
      onCut: () => this.#revoked.dropParts(),
    }
    this.#feed = new RevocationFeed({ url, authorization, fetch, listener })
  }

  /** Opens the feed, once. */
  start(): void {
    if (this.#beginning) return
    this.#beginning = this.#begin()
  }

  /** Rejects with KEYS_UNAVAILABLE when the policy would refuse every token. */
  async ready(): Promise<void> {
    this.start()
    await this.#beginning
    if (this.#options.onStale === 'deny' && this.#isStale()) throw staleFeed()
  }

  close(): void {
    this.#feed.close()
    this.#hasBegun = true
    this.#endBeginning()
  }

  /** Throws TOKEN_INVALID for what a withdrawn key signed, as far as it is known by now. */
  checkKey(kid: string): void {
    if (this.#revoked.has('kid', kid)) throw withdrawn()
  }

  /**
   * Throws or rejects with TOKEN_REVOKED, TOKEN_INVALID for a withdrawn key, or KEYS_UNAVAILABLE as the policy wants it. Most of the
   * time there is nothing to wait for.
   */
  check(names: Names, token: string): Promise<void> | undefined {
    if (this.#hasBegun) return this.#judge(names, token)
    this.start()
    return this.#beginning?.then(() => this.#judge(names, token))
  }

  stats(): FeedStats {
    const seconds = this.#liveness.secondsSinceHeard()
    return {
      state: this.#state(),
      problem: this.#feed.problem,
      secondsSinceHeard: Number.isFinite(seconds) ? seconds : null,
      entries: this.#revoked.size,
      reconnects: this.#feed.reconnects,
      lastDelayMs: this.#lastDelayMs,
      largestDelayMs: this.#largestDelayMs,
      introspections: this.#introspection.asked,
      introspectionFailures: this.#introspection.failed,
    }
  }

  #begin(): Promise<void> {
    // Where nothing outlives a request no feed can be kept open, so the policy always decides; as it does once it is closed.
    if (this.#hasBegun || requestsAreIsolated()) {
      this.#hasBegun = true
      return Promise.resolve()
    }
    this.#feed.start()
    return new Promise((resolve) => {
      // Somebody waits for it, so it keeps the process alive, as no other timer here does.
      const timer = setTimeout(() => this.#endBeginning(), this.#options.startTimeoutSeconds * 1000)
      this.#endBeginning = () => {
        clearTimeout(timer)
        this.#hasBegun = true
        resolve()
      }
    })
  }

  #judge(names: Names, token: string): Promise<void> | undefined {
    this.#refuseRevoked(names)
    if (this.#options.onStale === 'allow' || !this.#isStale()) return undefined
    if (this.#options.onStale === 'deny') throw staleFeed()
    return this.#introspect(names, token)
  }

  #refuseRevoked(names: Names): void {
    const refused = this.#revoked.findAmong(names)
    if (refused === 'kid') throw withdrawn()
    if (refused) throw revoked()
  }

  async #introspect(names: Names, token: string): Promise<void> {
    if (!(await this.#introspection.isActive(token))) throw revoked()
    // What the feed has said meanwhile is newer than the answer.
    this.#refuseRevoked(names)
  }

  #isStale(): boolean {
    // Asked in this sense, so that a clock which is not a number has heard nothing.
    return !(this.#liveness.secondsSinceHeard() <= this.#options.staleAfterSeconds)
  }

  #state(): FeedStats['state'] {
    if (!this.#feed.isOpen) return this.#hasBegun && requestsAreIsolated() ? 'stale' : 'off'
    if (this.#hasBegun && this.#isStale()) return 'stale'
    return this.#feed.isCurrent ? 'current' : 'connecting'
  }

  #hearAlive(): void {
    this.#liveness.hear()
    this.#revoked.forgetWhatIsOver()
    this.#endBeginning()
  }

  #heed(message: Message, isNews: boolean): void {
    if (message.kind === 'current') return
    const entries = message.kind === 'revoked' ? [message.entry] : message.entries
    if (message.kind === 'revoked') this.#revoked.add(message.entry)
    else this.#revoked.addPart(message.entries, message.isLast)

    for (const { kind, subject } of entries) if (kind === 'kid') this.#options.onKeyWithdrawn(subject)
    if (message.kind === 'revoked' && isNews) this.#measure(message.entry.revokedAt)
  }

  #measure(revokedAt: number): void {
    this.#lastDelayMs = Math.max(0, this.#clocks.now() - revokedAt)
    this.#largestDelayMs = Math.max(this.#lastDelayMs, this.#largestDelayMs ?? 0)
  }
}

function withdrawn(): VerifyError {
  return invalid('kid must name a key that was not withdrawn')
}

function revoked(): VerifyError {
  return new VerifyError('TOKEN_REVOKED', 'the session or the token must not have been revoked')
}

function staleFeed(): VerifyError {
  return keysUnavailable('what was revoked must be known')
}
