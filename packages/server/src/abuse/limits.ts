import { createHmac, type KeyObject } from 'node:crypto'
import { type Limit, RateLimitedError } from '../errors.ts'
import type { EventListener } from '../events.ts'
import type { Clock } from '../time.ts'
import { Allowance } from './allowance.ts'
import { createPasswordTries, type PasswordTries } from './password-tries.ts'
import { addressRange } from './rules.ts'
import { createSignUps, type SignUps } from './sign-ups.ts'
import type { CounterStore } from './store.ts'

/** The numbers that an operator may change. */
export interface LimitSettings {
  /** Tries at one account's password before each further one has to wait, from one minute to an hour. */
  passwordTries: number
  /** Wrong passwords from one address range in 15 minutes, at whatever accounts. */
  passwordTriesPerAddress: number
  /** Sign-ups from one address range in an hour. */
  signUpsPerAddress: number
  /** Refreshes of one session in a minute, on one node. */
  refreshesPerSession: number
}

export interface Limits {
  passwords: PasswordTries
  signUps: SignUps
  /** Throws `RateLimitedError` where a session is refreshed too often. Only for who has proved to hold its token. */
  refresh(sessionId: string, ip: string | null): void
  /** Counts wrong credentials of a service. Throws `RateLimitedError` where there were too many from the same address. */
  wrongService(ip: string | null): void
}

interface LimitsDependencies {
  settings: LimitSettings
  counters: CounterStore
  /** Keeps the counted addresses, of people and of machines, from being read out of the store. */
  key: KeyObject
  now: Clock
  onEvent: EventListener
}

const DISGUISE_BYTES = 16

export function createLimits({ settings, counters, key, now, onEvent }: LimitsDependencies): Limits {
  const disguise = (text: string) =>
    createHmac('sha256', key).update(text).digest().toString('base64url', 0, DISGUISE_BYTES)
  const onLimited = ({ name: limit }: Limit, ip: string | null) =>
    onEvent({ type: 'limit.reached', limit, ip })

  function allowed(limit: Limit) {
    const allowance = new Allowance(limit)
    return (subject: string, ip: string | null) => {
      const waitMs = allowance.take(subject, now())
      if (waitMs === 0) return
      onLimited(limit, ip)
      throw new RateLimitedError(limit, waitMs)
    }
  }
  const ofService = allowed({ name: 'service', quota: 100, seconds: 900 })

  return {
    passwords: createPasswordTries({
      perAccount: settings.passwordTries,
      perAddress: settings.passwordTriesPerAddress,
      counters,
      disguise,
      onLimited,
    }),
    signUps: createSignUps({ perAddress: settings.signUpsPerAddress, counters, disguise, onLimited }),
    refresh: allowed({ name: 'refresh', quota: settings.refreshesPerSession, seconds: 60 }),
    wrongService(ip) {
      const range = addressRange(ip)
      if (range !== null) ofService(range, ip)
    },
  }
}

/** For benchmarks, and for services that something else protects. */
export const NO_LIMITS: Limits = {
  passwords: { check: (_, matches) => matches() },
  signUps: { count: (_, register) => register() },
  refresh() {},
  wrongService() {},
}
