import type { AuthErrorCode } from '@latchkey/protocol'
import { AuthError, type Limit, RateLimitedError } from '../errors.ts'
import { addressRange } from './rules.ts'
import type { CounterStore } from './store.ts'

/** Lets somebody sign up, unless too many have from the same address. */
export interface SignUps {
  /** Resolves to what `register` does. Rejects with `RateLimitedError` without having called it. */
  count<Result>(ip: string | null, register: () => Promise<Result>): Promise<Result>
}

interface SignUpsOptions {
  perAddress: number
  counters: CounterStore
  disguise: (text: string) => string
  onLimited: (limit: Limit, ip: string | null) => void
}

const WINDOW_SECONDS = 3_600

/** Refusals that cost nothing and tell nothing. One that says that an address is taken, or comes after that was looked up, tells. */
const NOT_COUNTED: readonly AuthErrorCode[] = ['INVALID_REQUEST', 'OVERLOADED', 'STORE_UNAVAILABLE']

export function createSignUps({ perAddress, counters, disguise, onLimited }: SignUpsOptions): SignUps {
  const limit: Limit = { name: 'sign-up', quota: perAddress, seconds: WINDOW_SECONDS }
  return {
    async count(ip, register) {
      const range = addressRange(ip)
      if (range === null) return await register()
      const key = `sign-up:${disguise(range)}`
      const { total, endsInMs } = await counters.add(key, 1, WINDOW_SECONDS)
      if (total > perAddress) {
        onLimited(limit, ip)
        throw new RateLimitedError(limit, endsInMs)
      }
      try {
        return await register()
      } catch (error) {
        if (error instanceof AuthError && NOT_COUNTED.includes(error.code)) {
          await counters.add(key, -1, WINDOW_SECONDS)
        }
        throw error
      }
    },
  }
}
