/** How a connection to the feed ended, or why there was none. */
export interface Ending {
  /** In words without a secret. */
  problem: string
  /** How many connections in a row ended before they had said everything. */
  failures: number
  /** Whether the service does not know us. */
  isRefused: boolean
  /** What the service asked for, in milliseconds. */
  retryMs: number
  retryAfterMs: number
}

/** A third of the time after which a feed counts as stale, unless told otherwise. */
const MOST_MS = 10_000
const REFUSED_MS = 60_000
const LONGEST_RETRY_AFTER_MS = 300_000

/**
 * How long to leave the service alone before the next attempt, in milliseconds. Up to half of it is chance, so that the verifiers which one
 * restart cut off do not come back in the same instant. Who is refused stays slow: somebody has to change the secret first.
 *
 * @param chance from 0 to 1
 */
export function pauseAfter({ failures, isRefused, retryMs, retryAfterMs }: Ending, chance: number): number {
  const pause = isRefused ? REFUSED_MS : Math.min(retryMs * 2 ** failures, MOST_MS)
  return Math.max(pause * (1 - chance / 2), retryAfterMs)
}

/** A number of seconds or a date, in milliseconds from `now`; none for neither. RFC 9110 §10.2.3 */
export function readRetryAfter(header: string | null | undefined, now: number): number {
  const text = header ?? ''
  const wanted = /^\d{1,9}$/.test(text) ? Number(text) * 1000 : Date.parse(text) - now
  return wanted > 0 ? Math.min(wanted, LONGEST_RETRY_AFTER_MS) : 0
}
