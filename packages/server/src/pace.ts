/** Background work never rests longer than this, in milliseconds, however long a piece of it took. */
const LONGEST_REST_MS = 5_000

/**
 * How long work in the background rests after a piece of it, in milliseconds. What it takes of the time stays the same small share,
 * and it makes room by itself where others are at work: their turn makes its piece take longer, and so its rest.
 *
 * @param share of the time that the work takes, above 0 and below 1
 */
export function restAfter(tookMs: number, share: number): number {
  return Math.min(LONGEST_REST_MS, (tookMs * (1 - share)) / share)
}
