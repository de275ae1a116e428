import { RateLimiterCluster, RateLimiterMemory } from 'rate-limiter-flexible'
import type { CounterStore } from '../../abuse/store.ts'
import { countersOver, UNLIMITED } from './counters.ts'

const MAX_KEYS = 50_000
const PRIMARY_ANSWERS_WITHIN_MS = 2_000

/** Counts in the memory of this process. */
export function createMemoryCounters(maxKeys = MAX_KEYS): CounterStore {
  return bounded(countersOver(new RateLimiterMemory({ ...UNLIMITED, keyPrefix: '' })), maxKeys)
}

/** Counts of all workers of a port together: in the memory of their primary, which holds a `RateLimiterClusterMaster`. */
export function createWorkerCounters(): CounterStore {
  const limiter = new RateLimiterCluster({
    ...UNLIMITED,
    keyPrefix: 'latchkey',
    timeoutMs: PRIMARY_ANSWERS_WITHIN_MS,
  })
  return bounded(countersOver(limiter), MAX_KEYS)
}

/** So many keys at most: the ones counted last longest ago make room. What a flood of made-up addresses fills is bounded. */
function bounded(counters: CounterStore, maxKeys: number): CounterStore {
  const keys = new Set<string>()
  return {
    async add(key, points, seconds) {
      keys.delete(key)
      keys.add(key)
      if (keys.size > maxKeys) {
        const [oldest] = keys
        if (oldest !== undefined) await this.forget(oldest)
      }
      return await counters.add(key, points, seconds)
    },
    read: (key) => counters.read(key),
    async forget(key) {
      keys.delete(key)
      await counters.forget(key)
    },
  }
}
