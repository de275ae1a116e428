import type { Host } from './host.ts'
import type { Exclusive } from './lock.ts'
import type { Records } from './record.ts'

const LOOKS_EVERY_MS = 50
/** As long as a Web Lock is waited for. */
const WITHIN_MS = 10_000

/** Who has the lock. */
export interface Note {
  holder: string
}

/**
 * The lock where there are no Web Locks: a note in the records, whose steps are one at a time among all tabs. A note
 * that stays the same for `WITHIN_MS` is of a tab that is gone or frozen, and is overwritten.
 */
export function underLease(
  notes: Records<Note>,
  { now, sleep }: Pick<Host, 'now' | 'sleep'>,
  newKey: () => string,
): Exclusive {
  return async (task) => {
    const mine = newKey()
    let seen: string | undefined
    let seenAt = now()
    for (;;) {
      const isOver = now() - seenAt > WITHIN_MS
      const { holder } = await notes.change((note) =>
        note.holder === undefined || (note.holder === seen && isOver) ? { holder: mine } : note,
      )
      if (holder === mine) break
      if (holder !== seen) {
        seen = holder
        seenAt = now()
      }
      await sleep(LOOKS_EVERY_MS)
    }
    try {
      return await task()
    } finally {
      await notes.change((note) => (note.holder === mine ? {} : note))
    }
  }
}
