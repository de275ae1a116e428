import type { Clocks } from './revoked.ts'

/**
 * How long ago the feed was heard. The longer of two answers counts: a clock that was set back would say that no time has passed, and
 * the one that is never set stands still while a machine sleeps.
 */
export class Liveness {
  readonly #clocks: Clocks
  #heard: { now: number; elapsed: number } | undefined

  constructor(clocks: Clocks) {
    this.#clocks = clocks
  }

  hear(): void {
    this.#heard = { now: this.#clocks.now(), elapsed: this.#clocks.elapsed() }
  }

  /** Infinite before the first time. */
  secondsSinceHeard(): number {
    if (!this.#heard) return Number.POSITIVE_INFINITY
    const { now, elapsed } = this.#clocks
    return Math.max(Math.abs(now() - this.#heard.now), elapsed() - this.#heard.elapsed) / 1000
  }
}
