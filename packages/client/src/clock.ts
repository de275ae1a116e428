interface Clocks {
  performance: { now(): number }
  Date: { now(): number }
}

/**
 * A monotonic clock stands still on some systems while the machine sleeps, so a token would seem good hours after its
 * end. Where the wall clock ran ahead meanwhile, that time is counted too. If it was only set forward, that costs one
 * early refresh; set back, it counts for nothing, and where it stands never matters.
 */
export function createClock({ performance: monotonic, Date: wall }: Clocks = globalThis): () => number {
  /** The wall clock has to be this much ahead before it counts: below, it is the two drifting apart. */
  const SLEPT_MS = 2000
  let slept = 0
  let lead = wall.now() - monotonic.now()
  return () => {
    const now = monotonic.now()
    const jump = wall.now() - now - lead
    const isSleep = jump > SLEPT_MS
    if (isSleep) slept += jump
    if (isSleep || jump < 0) lead += jump
    return now + slept
  }
}
