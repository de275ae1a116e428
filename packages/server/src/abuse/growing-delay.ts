import { waitAfter } from './rules.ts'
import type { CounterStore } from './store.ts'

/** A count is forgotten a day after its first try. */
export const MEMORY_SECONDS = 86_400

/** A try that may be made, and has been counted. */
export interface Admission {
  admitted: true
  /** For a try that came to nothing: nobody has learnt whether it was right. */
  takeBack(): Promise<void>
}

export type Answer = Admission | { admitted: false; retryAfterMs: number }

/**
 * Lets some tries pass, and then one at a time with a wait after each that doubles. Counting comes first, so that any number
 * of tries at once, on any number of nodes, are no more than the free ones.
 */
export class GrowingDelay {
  readonly #counters: CounterStore
  readonly #free: number

  constructor(counters: CounterStore, free: number) {
    this.#counters = counters
    this.#free = free
  }

  async take(key: string): Promise<Answer> {
    const before = (await this.#counters.read(key))?.total ?? 0
    const isFree = before < this.#free
    const total = isFree ? await this.#add(key, 1) : before + 1
    if (total < this.#free) return { admitted: true, takeBack: async () => void (await this.#add(key, -1)) }

    // The last free one and all that follow have to be the first at the gate, which then stays shut for the wait.
    const gate = await this.#counters.add(gateOf(key), 1, waitAfter(before - this.#free + 2))
    if (gate.total > 1) {
      if (isFree) await this.#add(key, -1)
      return { admitted: false, retryAfterMs: gate.endsInMs }
    }
    if (!isFree) await this.#add(key, 1)
    return {
      admitted: true,
      takeBack: async () => {
        await this.#add(key, -1)
        await this.#counters.forget(gateOf(key))
      },
    }
  }

  /** Forgets so many of the tries. Where that leaves free ones, nobody has to wait any more. */
  async forgive(key: string, tries: number): Promise<void> {
    const left = await this.#add(key, -tries)
    if (left < this.#free) await this.#counters.forget(gateOf(key))
    if (left <= 0) await this.#counters.forget(key)
  }

  async forget(key: string): Promise<void> {
    await this.#counters.forget(key)
    await this.#counters.forget(gateOf(key))
  }

  async #add(key: string, points: number): Promise<number> {
    return (await this.#counters.add(key, points, MEMORY_SECONDS)).total
  }
}

function gateOf(key: string): string {
  return `${key}:gate`
}
