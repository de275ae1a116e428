// Upkeep: what is over for good leaves the store, in the background or at an operator's word.
// It ends nothing that lives. Revocations, keys and what Redis holds leave by themselves: see their own folders.
import type { Instant } from '../time.ts'
import type { Bounds, SessionFacts } from './store.ts'

export interface UpkeepPolicy {
  /** Seconds for which an ended session is kept, so that its user can be told why. */
  sessionRetentionSeconds: number
  /** Seconds after its last refresh at which a session ends. */
  idleTtlSeconds: number
}

/**
 * Another node may still take a session for live that has run out by this one's clock. With clocks further apart than some minutes no
 * access token verifies any more, which is noticed; an hour is beyond that, and costs an hour's rows.
 */
const CLOCK_MARGIN_MS = 3_600_000
/** From the start of one round to the start of the next, where a round does not take longer. */
export const ROUND_EVERY_MS = 3_600_000
/** How long who has taken a task keeps it without a word: as long as the others wait for one that was killed. */
export const LEASE_MS = 10_000

/** What is over for good at an instant. */
export function boundsAt(now: Instant, policy: UpkeepPolicy): Bounds {
  const until = now - policy.sessionRetentionSeconds * 1000 - CLOCK_MARGIN_MS
  return { endedUntil: until, usedUntil: until - policy.idleTtlSeconds * 1000, expiresUntil: until }
}

/** An ended session counts from its end, however early it would have run out. */
export function isOver({ endedAt, lastUsedAt, expiresAt }: SessionFacts, bounds: Bounds): boolean {
  if (endedAt !== null) return endedAt <= bounds.endedUntil
  return lastUsedAt <= bounds.usedUntil || expiresAt <= bounds.expiresUntil
}

/** No node plans further ahead than a round: a plan that says so is from a clock that was wrong, and would be waited for in vain. */
export function isDue(dueAt: Instant, now: Instant): boolean {
  return dueAt <= now || dueAt > now + ROUND_EVERY_MS + CLOCK_MARGIN_MS
}
