/**
 * Milliseconds to wait after the failed try number `tries` (from 1): what the service asked for, and 250 to 500 after the
 * first one, doubled each time. `random` is in [0, 1): the spread keeps a fleet of clients that lost the service together
 * from coming back together.
 */
export function delayAfter(tries: number, askedSeconds: number, random = Math.random()): number {
  /** A service that asks for more is asked again sooner all the same, in case it was a proxy's slip. */
  const LONGEST_SECONDS = 300
  const DELAY_MS = 125
  return Math.min(askedSeconds, LONGEST_SECONDS) * 1000 + DELAY_MS * 2 ** tries * (1 + random)
}
