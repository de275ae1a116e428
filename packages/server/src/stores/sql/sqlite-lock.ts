import type { DatabaseSync } from 'node:sqlite'
import { setTimeout as delay } from 'node:timers/promises'
import { StoreUnavailableError } from '../../errors.ts'
import { isBusy, toStoreError } from './sqlite-errors.ts'

/** How long a write waits for another process that holds the file. */
const BUSY_WAIT_MS = 2_000
/** How long one attempt may hold up the event loop: longer than another process needs for a batch. */
export const BUSY_BLOCK_MS = 10

/** Takes the file's write lock, so that nothing in the transaction can meet another writer. */
export async function begin(database: DatabaseSync, waitedMs: number): Promise<void> {
  await patiently(waitedMs, () => database.exec('begin immediate'))
}

/** Tries until another process lets go of the file, without holding up the event loop meanwhile. */
export async function patiently<Result>(waitedMs: number, attempt: () => Result): Promise<Result> {
  // Whoever has waited that long behind others gives up at once: a try of each would hold up the event loop.
  if (waitedMs >= BUSY_WAIT_MS) throw new StoreUnavailableError(new Error('other writers took too long'))
  const deadline = performance.now() + BUSY_WAIT_MS - waitedMs
  for (;;) {
    try {
      return attempt()
    } catch (error) {
      if (!isBusy(error) || performance.now() >= deadline) throw toStoreError(error)
      await delay(1 + Math.random() * 10)
    }
  }
}
