import { duration, roughly } from './durations.ts'

/** One of the times in a token, in words. */
export interface TimeClaim {
  name: 'iat' | 'nbf' | 'exp' | 'auth_time'
  /** `2026-01-01T00:15:00.000Z`, or `null` where no calendar reaches. */
  instant: string | null
  /** Such as `expired 3 minutes ago`. */
  text: string
}

export interface TokenTimes {
  /** Those that are there and are numbers. */
  claims: TimeClaim[]
  state: 'running' | 'expired' | 'not good yet' | 'without end'
  /** Such as `12 minutes left of 15 minutes`. */
  text: string
  /** From `iat`, or else `nbf`, to `exp`, in seconds; `null` when one of them is missing or they make no sense. */
  lifetimeSeconds: number | null
  /** Until `exp`, in seconds, 0 once it has passed; `null` without `exp`. */
  leftSeconds: number | null
}

type Wording = (ahead: number) => string

const WORDINGS: readonly (readonly [TimeClaim['name'], Wording])[] = [
  ['iat', (ahead) => `issued ${roughly(ahead)}`],
  ['nbf', (ahead) => (ahead > 0 ? `not good yet: begins ${roughly(ahead)}` : `began ${roughly(ahead)}`)],
  ['exp', (ahead) => (ahead > 0 ? `expires ${roughly(ahead)}` : `expired ${roughly(ahead)}`)],
  ['auth_time', (ahead) => `signed in ${roughly(ahead)}`],
]

/**
 * The times of a payload in words. They are what the token says of itself: whether it is true, only its verified signature tells.
 *
 * @param now in seconds since the epoch
 */
export function describeTimes(payload: Readonly<Record<string, unknown>>, now: number): TokenTimes {
  const claims = WORDINGS.flatMap(([name, wording]): TimeClaim[] => {
    const time = numberIn(payload, name)
    return time === null ? [] : [{ name, instant: toInstant(time), text: wording(time - now) }]
  })
  return { claims, ...describeLifetime(payload, now) }
}

function describeLifetime(payload: Readonly<Record<string, unknown>>, now: number) {
  const exp = numberIn(payload, 'exp')
  const nbf = numberIn(payload, 'nbf')
  const start = numberIn(payload, 'iat') ?? nbf
  if (exp === null) {
    return {
      state: 'without end',
      text: 'does not say when it ends',
      lifetimeSeconds: null,
      leftSeconds: null,
    } as const
  }
  const length = start === null ? 0 : exp - start
  const lifetimeSeconds = length > 0 && Number.isFinite(length) ? length : null
  const leftSeconds = Math.max(0, exp - now)
  const common = { lifetimeSeconds, leftSeconds }
  if (leftSeconds === 0)
    return { state: 'expired', text: `expired ${roughly(exp - now)}`, ...common } as const
  if (nbf !== null && nbf > now)
    return { state: 'not good yet', text: `begins ${roughly(nbf - now)}`, ...common } as const
  const of = lifetimeSeconds === null ? '' : ` of ${duration(lifetimeSeconds)}`
  return { state: 'running', text: `${duration(leftSeconds)} left${of}`, ...common } as const
}

function numberIn(payload: Readonly<Record<string, unknown>>, name: string): number | null {
  const value = Object.hasOwn(payload, name) ? payload[name] : undefined
  return typeof value === 'number' && Number.isFinite(value) ? value : null
}

function toInstant(seconds: number): string | null {
  const date = new Date(seconds * 1000)
  return Number.isNaN(date.getTime()) ? null : date.toISOString()
}
