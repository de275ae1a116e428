import { restAfter } from '../pace.ts'
import { isOver } from './rules.ts'
import type { Bounds, UpkeepStore } from './store.ts'

/** Rows that one statement looks at: a third of a millisecond in SQLite, which runs in the thread that serves. */
const LOOK_ROWS = 256

export interface Pace {
  /** The share of the time that looking takes at most. */
  looking: number
  /** And removing: what is there to be removed has piled up, or soon does. */
  removing: number
}

/** A share of one thread that nobody notices; a million rows take some two minutes. */
export const IN_BACKGROUND: Pace = { looking: 0.02, removing: 0.1 }
/** For who waits for it. Others still have every second turn. */
export const AT_ONCE: Pace = { looking: 0.5, removing: 0.5 }

interface Sweep {
  store: UpkeepStore
  bounds: Bounds
  pace: Pace
  elapsed: () => number
  /** Resolves after so many milliseconds; earlier when the sweep is to stop. */
  rest: (milliseconds: number) => Promise<void>
  signal: AbortSignal
}

export interface Step {
  looked: number
  removed: number
  /** The id behind which the next one goes on. */
  behind: string
  /** Whether there is nothing behind it. */
  isLast: boolean
}

/** Looks at some sessions and removes those that are over, resting in between. */
export async function sweepOnce(sweep: Sweep, behind: string): Promise<Step> {
  const { store, bounds, pace, signal } = sweep
  const rows = await paced(sweep, pace.looking, () => store.sessionsBehind(behind, LOOK_ROWS))
  const ids = rows.filter((row) => isOver(row, bounds)).map(({ id }) => id)
  let removed = 0
  for (let i = 0; i < ids.length; i += store.rowsToRemove) {
    // What was not removed is looked at once more.
    if (signal.aborted) return { looked: 0, removed, behind, isLast: false }
    const piece = ids.slice(i, i + store.rowsToRemove)
    const [first, last] = [piece[0], piece.at(-1)] as [string, string]
    removed += await paced(sweep, pace.removing, () => store.removeSessions(first, last, bounds))
  }
  return { looked: rows.length, removed, behind: rows.at(-1)?.id ?? behind, isLast: rows.length < LOOK_ROWS }
}

async function paced<Result>(
  { elapsed, rest }: Sweep,
  share: number,
  work: () => Promise<Result>,
): Promise<Result> {
  const start = elapsed()
  const result = await work()
  await rest(restAfter(elapsed() - start, share))
  return result
}
