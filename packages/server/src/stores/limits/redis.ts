import type { Cluster, Redis } from 'ioredis'
import { RateLimiterRedis } from 'rate-limiter-flexible'
import type { CounterStore } from '../../abuse/store.ts'
import { countersOver, UNLIMITED } from './counters.ts'

/** Counts in Redis: a key each, so that Redis Cluster spreads them. */
export function createRedisCounters(client: Redis | Cluster, prefix: string): CounterStore {
  return countersOver(
    new RateLimiterRedis({
      ...UNLIMITED,
      keyPrefix: `${prefix}:limits`,
      storeClient: client,
      // A command that waits for the connection would hold up who signs in.
      rejectIfRedisNotReady: true,
    }),
  )
}
