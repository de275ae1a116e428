import type { Instant } from '../time.ts'
import type { NewRevocation, RevocationEntry } from './entry.ts'

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
