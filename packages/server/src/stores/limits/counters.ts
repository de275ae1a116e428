import type { RateLimiterAbstract, RateLimiterRes } from 'rate-limiter-flexible'
import type { Count, CounterStore } from '../../abuse/store.ts'
import { StoreUnavailableError } from '../../errors.ts'

/** The library's own limit is never met: it counts, and the feature decides. Each count brings its own duration. */
export const UNLIMITED = { points: Number.MAX_SAFE_INTEGER, duration: 1 } as const

/** The counts of any of the library's limiters. */
export function countersOver(limiter: RateLimiterAbstract): CounterStore {
  return {
    add: async (key, points, seconds) =>
      toCount(await limiter.penalty(key, points, { customDuration: seconds })),
    async read(key) {
      const found = await limiter.get(key)
      return found === null || found.msBeforeNext <= 0 ? null : toCount(found)
    },
    async forget(key) {
      await limiter.delete(key)
    },
  }
}

function toCount({ consumedPoints, msBeforeNext }: RateLimiterRes): Count {
  return { total: consumedPoints, endsInMs: msBeforeNext }
}

/**
 * Counts with the second where the first does not answer: less well for a while, but never not at all. Not where the first is the
 * database: nobody signs in without it, and a storm that fills its connections must not be counted apart on each node.
 */
export function insured(first: CounterStore, second: CounterStore, onLost: () => void): CounterStore {
  const otherwise = <Result>(work: (counters: CounterStore) => Promise<Result>) =>
    work(first).catch((error: unknown) => {
      if (error instanceof StoreUnavailableError) throw error
      onLost()
      return work(second)
    })
  return {
    add: (key, points, seconds) => otherwise((counters) => counters.add(key, points, seconds)),
    read: (key) => otherwise((counters) => counters.read(key)),
    forget: (key) => otherwise((counters) => counters.forget(key)),
  }
}
