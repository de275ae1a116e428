const FIRST_DELAY_MS = 500
const LONGEST_WAIT_SECONDS = 5
/** How often one refresh is sent before its caller is told that the service cannot be reached. */
export const TRIES = 4

/**
 * Milliseconds to wait after the failed try number `tries` (from 1), or `null` to give up. `random` is in [0, 1): the
 * spread keeps a fleet of clients that lost the service together from coming back together.
 */
export function delayAfter(
  tries: number,
  retryAfterSeconds: number | undefined,
  random: number,
): number | null {
  if (tries >= TRIES || (retryAfterSeconds ?? 0) > LONGEST_WAIT_SECONDS) return null
  const ceiling = FIRST_DELAY_MS * 2 ** (tries - 1)
  return (retryAfterSeconds ?? 0) * 1000 + ceiling * (0.5 + random / 2)
}
