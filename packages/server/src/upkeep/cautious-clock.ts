import type { Clock, Instant } from '../time.ts'

const STANDS_MS = 3_600_000

/**
 * A clock for what cannot be undone. One that is set ahead, by mistake and back again, must not make live sessions look over: it is
 * believed when it has stood so for an hour or two. Set back, it is believed at once: that removes nothing.
 *
 * @param elapsed milliseconds since any instant, by a clock that is never set
 */
export function cautious(now: Clock, elapsed: () => number): Clock {
  let readings: { at: number; now: Instant }[] = [{ at: elapsed(), now: now() }]
  return () => {
    const at = elapsed()
    const newest = readings.at(-1) as (typeof readings)[number]
    if (at - newest.at >= STANDS_MS) readings = [newest, { at, now: now() }]
    // What time has really passed comes in parts of a millisecond, which no column takes.
    return Math.floor(Math.min(now(), ...readings.map((reading) => reading.now + at - reading.at)))
  }
}
