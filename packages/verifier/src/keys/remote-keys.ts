import { keysUnavailable } from '../errors.ts'
import type { JsonWebKeySet } from './jwk.ts'
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
  set: JsonWebKeySet
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
  #failures = 0
  #loading: Promise<void> | undefined

  constructor(options: RemoteKeysOptions) {
    this.#options = options
  }

  /** The held set at once while it is young; a stale one at once too, while a fresh one is fetched; waits only if it has to. */
  async current(): Promise<JsonWebKeySet> {
    const { maxAgeSeconds, maxStaleSeconds } = this.#options
    const held = this.#held
    const age = this.#secondsSince(held?.since)
    if (held && age <= maxAgeSeconds) return held.set

    const loaded = this.renewed()
    const usable = held && age <= maxStaleSeconds ? held : undefined
    // After a long silence the stale set may hold a key that was withdrawn hours ago, so the first to come waits.
    const silent = this.#secondsSince(this.#lastAttempt?.endedAt) > 2 * maxAgeSeconds
    if (usable && !silent && !requestsAreIsolated()) {
      loaded.catch(() => {})
      return usable.set
    }
    try {
      return await loaded
    } catch (error) {
      if (usable) return usable.set
      throw error
    }
  }

  async renewed(): Promise<JsonWebKeySet> {
    if (!this.#isPaused()) await this.#attemptOnce()
    const { failure } = this.#lastAttempt ?? {}
    if (!this.#held || failure) {
      throw keysUnavailable("the issuer's keys could not be fetched", { cause: failure })
    }
    return this.#held.set
  }

  #isPaused(): boolean {
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
    const { load, now, cooldownSeconds } = this.#options
    try {
      const set = await load()
      this.#failures = 0
      this.#held = { set, since: now() }
      this.#lastAttempt = { endedAt: now(), pause: cooldownSeconds }
    } catch (failure) {
      const pause = Math.min(2 ** this.#failures++, cooldownSeconds)
      this.#lastAttempt = { endedAt: now(), pause, failure }
    }
  }

  /** A clock that was set back counts as one that went on: the keys must not freeze until it catches up. */
  #secondsSince(instant: number | undefined): number {
    return instant === undefined ? Number.POSITIVE_INFINITY : Math.abs(this.#options.now() - instant) / 1000
  }
}

/** Cloudflare's workers cancel what a request leaves behind, and let no request wait for another's. */
function requestsAreIsolated(): boolean {
  return globalThis.navigator?.userAgent === 'Cloudflare-Workers'
}
