import type { Instant } from '../time.ts'
import type { NewRevocation, RevocationEntry } from './entry.ts'

export { LogPlace } from './log-place.ts'

/**
 * The log of revocations. What ends sessions or withdraws keys writes its entries in its own transaction; here they are
 * read, in the order in which they were committed. Every method rejects only with `StoreUnavailableError`.
 */
export interface RevocationStore {
  /** Adds an entry that nothing else brings with it. Durable once it resolves. */
  append(entry: NewRevocation): Promise<void>

  /** The entries behind a position, in order, and no more than `limit`. */
  after(position: number, limit: number): Promise<RevocationEntry[]>

  /** The same, without those that have expired. */
  unexpired(now: Instant, position: number, limit: number): Promise<RevocationEntry[]>

  /** The position of the newest entry, expired or not; 0 where there is none. */
  newest(): Promise<number>

  /** Removes entries that expired at an instant or before, `limit` at most; resolves to their number. */
  forget(instant: Instant, limit: number): Promise<number>

  /**
   * Calls back when there may be entries to read: at once after a change that was made here, soon after one that another
   * process or node has made, and where the store cannot say. Returns what stops it.
   */
  watch(onChange: () => void): () => void
}

/**
 * What the log says of sessions that end. One whose absolute end is long over has issued nothing that is good still.
 * @param refusedForMs how long the access tokens of an ended session may live on
 */
export function revocationsOf(
  sessions: readonly { id: string; lastUsedAt: Instant; expiresAt: Instant }[],
  now: Instant,
  refusedForMs: number,
): NewRevocation[] {
  return sessions
    .filter(({ expiresAt }) => expiresAt > now - refusedForMs)
    .map(({ id, lastUsedAt }) => ({
      kind: 'sid',
      subject: id,
      revokedAt: now,
      // Where a clock was set back since, the last access token ends by the clock of before.
      expiresAt: Math.max(now, lastUsedAt) + refusedForMs,
    }))
}
