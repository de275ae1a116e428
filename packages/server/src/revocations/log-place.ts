import type { Instant } from '../time.ts'
import type { RevocationEntry } from './entry.ts'
import type { RevocationStore } from './store.ts'

const PAGE_ENTRIES = 1_000
/** A node whose clock is ahead lets go of an entry earlier; what a replica has not received is not as old as that. */
const CLOCK_MARGIN_MS = 60_000

/**
 * A place in the log, from which it is read on.
 *
 * A replica that takes over may not have received all that was read from its master, and gives the same positions out a second
 * time. So each read begins at the entry that was read last: where that is another one now, so is the log.
 */
export class LogPlace {
  #position = 0
  #last: RevocationEntry | undefined

  /** Goes to a place without reading: behind `last`, which was read, or behind everything up to a position. */
  moveTo(position: number, last: RevocationEntry | undefined): void {
    this.#position = Math.max(position, last?.position ?? 0)
    this.#last = last?.position === this.#position ? last : undefined
  }

  /**
   * Reads everything behind this place, page by page.
   * @param take `isAnother`: the log is not the one that was read before, and these are its first entries
   */
  async readOn(
    log: Pick<RevocationStore, 'after'>,
    now: () => Instant,
    take: (entries: RevocationEntry[], isAnother: boolean) => void | Promise<void>,
  ): Promise<void> {
    for (let isAnother = false; ; ) {
      const last = this.#last
      const overlap = last === undefined ? 0 : 1
      const found = await log.after(this.#position - overlap, PAGE_ENTRIES + overlap)
      if (last !== undefined && isMissing(last, found[0], now())) {
        this.moveTo(0, undefined)
        isAnother = true
        continue
      }
      const entries = found.filter(({ position }) => position > this.#position)
      if (entries.length > 0 || isAnother) await take(entries, isAnother)
      this.moveTo(this.#position, entries.at(-1) ?? last)
      if (entries.length < PAGE_ENTRIES) return
      isAnother = false
    }
  }
}

/** What has expired leaves the log, and nothing else does. */
function isMissing(last: RevocationEntry, first: RevocationEntry | undefined, now: Instant): boolean {
  if (first?.position !== last.position) return last.expiresAt - CLOCK_MARGIN_MS > now
  return first.subject !== last.subject || first.revokedAt !== last.revokedAt
}
