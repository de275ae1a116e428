import type { Instant } from '../time.ts'

/** Entries that are looked through for what is over, at least. */
const LEAST_SWEEP = 1_024
/** Beyond it the oldest are forgotten, and may start anew. */
const MAX_ENTRIES = 100_000

/**
 * So many per so many seconds for each key, in the memory of this process: one number for each, which is when the key will
 * have nothing spent any more. Synchronous, and cheap enough for every refresh.
 */
export class Allowance {
  readonly #spacingMs: number
  readonly #burstMs: number
  readonly #maxEntries: number
  readonly #clearAt = new Map<string, Instant>()
  #sweepAt = LEAST_SWEEP

  constructor({ quota, seconds }: { quota: number; seconds: number }, maxEntries = MAX_ENTRIES) {
    this.#spacingMs = (seconds * 1000) / quota
    this.#burstMs = seconds * 1000
    this.#maxEntries = maxEntries
  }

  get size(): number {
    return this.#clearAt.size
  }

  /** Spends one, or resolves to the milliseconds until there is one to spend; 0 when it was spent. */
  take(key: string, now: Instant): number {
    const known = this.#clearAt.get(key) ?? now
    // Further ahead than the whole allowance means that the clock was set back: nobody waits for that.
    const clearAt = known > now + this.#burstMs ? now : Math.max(known, now)
    const waitMs = clearAt + this.#spacingMs - this.#burstMs - now
    if (waitMs > 0) return Math.ceil(waitMs)
    this.#clearAt.set(key, clearAt + this.#spacingMs)
    if (this.#clearAt.size >= this.#sweepAt) this.#sweep(now)
    return 0
  }

  #sweep(now: Instant): void {
    for (const [key, clearAt] of this.#clearAt) if (clearAt <= now) this.#clearAt.delete(key)
    for (const key of this.#clearAt.keys()) {
      if (this.#clearAt.size <= this.#maxEntries) break
      this.#clearAt.delete(key)
    }
    this.#sweepAt = Math.max(LEAST_SWEEP, Math.min(2 * this.#clearAt.size, this.#maxEntries + LEAST_SWEEP))
  }
}
