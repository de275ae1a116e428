import { keysUnavailable } from '../errors.ts'
import { requestsAreIsolated } from '../runtime.ts'
import type { JsonWebKeySet } from './jwk.ts'
import { KeyRing } from './key-ring.ts'
import type { KeySource } from './key-source.ts'

export interface RemoteKeysOptions {
  /** Gets the set from where it is published. */
  load: () => Promise<JsonWebKeySet>
  /** Epoch milliseconds. */
  now: () => number
  maxAgeSeconds: number
  maxStaleSeconds: number
  cooldownSeconds: number
}

interface Held {
  ring: KeyRing
  since: number
}

interface Attempt {
  endedAt: number
  /** How long to leave the issuer alone after it, in seconds. */
  pause: number
  failure?: unknown
}

/**
 * One copy of a published key set, kept fresh without making anyone wait and without becoming a lever: whatever tokens arrive, at
 * most one request is under way, and the next starts no sooner than a pause after it.
 */
export class RemoteKeys implements KeySource {
  readonly #options: RemoteKeysOptions
  #held: Held | undefined
  #lastAttempt: Attempt | undefined
  /** How many attempts in a row brought no set that is up to date. */
  #vainInARow = 0
  /** What the issuer has said that it withdrew. */
  readonly #withdrawn = new Set<string>()
  #loading: Promise<void> | undefined
  fetches = 0
  failures = 0

  constructor(options: RemoteKeysOptions) {
    this.#options = options
  }

  /** What is held at once while it is young; when stale at once too, while a fresh set is fetched; waits only if it has to. */
  current(): KeyRing | Promise<KeyRing> {
    const held = this.#held
    const age = this.#secondsSince(held?.since)
    return held && age <= this.#options.maxAgeSeconds ? held.ring : this.#refreshed(held, age)
  }

  async #refreshed(held: Held | undefined, age: number): Promise<KeyRing> {
    const { maxAgeSeconds, maxStaleSeconds } = this.#options
    const loaded = this.renewed()
    const usable = held && age <= maxStaleSeconds ? held : undefined
    // After a long silence the stale set may hold a key that was withdrawn hours ago, so the first to come waits.
    const silent = this.#secondsSince(this.#lastAttempt?.endedAt) > 2 * maxAgeSeconds
    if (usable && !silent && !requestsAreIsolated()) {
      loaded.catch(() => {})
      return usable.ring
    }
    try {
      return await loaded
    } catch (error) {
      if (usable) return usable.ring
      throw error
    }
  }

  async renewed(): Promise<KeyRing> {
    if (!this.#isPaused()) await this.#attemptOnce()
    const { failure } = this.#lastAttempt ?? {}
    if (!this.#held || failure) {
      throw keysUnavailable("the issuer's keys could not be fetched", { cause: failure })
    }
    return this.#held.ring
  }

  /** Fetches at once, whatever the pause says: the word of the issuer itself is no lever for a flood. */
  withdrawn(kid: string): void {
    this.#withdrawn.add(kid)
    void this.#refetchIfHeld(kid)
  }

  async #refetchIfHeld(kid: string): Promise<void> {
    // A request under way may have been answered before the key was withdrawn.
    await this.#loading
    if (this.#held?.ring.names(kid)) await this.#attemptOnce()
  }

  /** Not while a request is under way: what it brings may be what is looked for. */
  #isPaused(): boolean {
    if (this.#loading) return false
    return this.#secondsSince(this.#lastAttempt?.endedAt) < (this.#lastAttempt?.pause ?? 0)
  }

  async #attemptOnce(): Promise<void> {
    if (requestsAreIsolated()) return this.#attempt()
    this.#loading ??= this.#attempt().finally(() => {
      this.#loading = undefined
    })
    return this.#loading
  }

  async #attempt(): Promise<void> {
    const { load, now } = this.#options
    try {
      this.fetches++
      const ring = new KeyRing(await load(), this.#held?.ring)
      this.#held = { ring, since: now() }
      this.#lastAttempt = { endedAt: now(), pause: this.#pauseAfter(this.#isUpToDate(ring)) }
    } catch (failure) {
      this.failures++
      this.#lastAttempt = { endedAt: now(), pause: this.#pauseAfter(false), failure }
    }
  }

  /** A set that still names a withdrawn key comes from a node or a cache that lags: the key that signs now may not be in it. */
  #isUpToDate(ring: KeyRing): boolean {
    return ![...this.#withdrawn].some((kid) => ring.names(kid))
  }

  #pauseAfter(wasUpToDate: boolean): number {
    const { cooldownSeconds } = this.#options
    if (!wasUpToDate) return Math.min(2 ** this.#vainInARow++, cooldownSeconds)
    this.#vainInARow = 0
    return cooldownSeconds
  }

  /** A clock that was set back counts as one that went on: the keys must not freeze until it catches up. */
  #secondsSince(instant: number | undefined): number {
    return instant === undefined ? Number.POSITIVE_INFINITY : Math.abs(this.#options.now() - instant) / 1000
  }
}
