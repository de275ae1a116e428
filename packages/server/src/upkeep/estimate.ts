import { BEFORE_ALL_IDS, idAtPlace, placeOfId } from '../ids.ts'
import { isOver } from './rules.ts'
import type { Bounds, SessionFacts, UpkeepStore } from './store.ts'

const ROWS_AT_ONCE = 1_000
/** Up to here every session is looked at. */
const COUNTED_ROWS = 100_000
/** Beyond, samples of the table tell: that many places of it, evenly spread. */
const PLACES = 64
/** Sessions whose size is asked for. */
const MEASURED_ROWS = 500

/** What a round would find and remove. */
export interface Estimate {
  /** All sessions that are kept. */
  sessions: number
  /** Those that would be removed. */
  removable: number
  /** What these take in the database, about, with their places in the indexes. */
  bytes: number
  method: 'counted' | 'sampled'
  /** How many sessions were looked at for it. */
  looked: number
}

/** Writes nothing, and takes seconds at most, however many sessions there are. */
export async function estimate(store: UpkeepStore, bounds: Bounds): Promise<Estimate> {
  return (await count(store, bounds)) ?? (await sample(store, bounds))
}

/** Null when there are more than it is worth. */
async function count(store: UpkeepStore, bounds: Bounds): Promise<Estimate | null> {
  const tally = new Tally(bounds)
  for (let behind = BEFORE_ALL_IDS; ; ) {
    const rows = await store.sessionsBehind(behind, ROWS_AT_ONCE)
    tally.add(rows)
    if (rows.length < ROWS_AT_ONCE) return await tally.estimate(store, 1)
    if (tally.looked >= COUNTED_ROWS) return null
    behind = (rows.at(-1) as SessionFacts).id
  }
}

/** Ids are random, so that sessions are spread evenly over them: how close they lie together tells how many there are. */
async function sample(store: UpkeepStore, bounds: Bounds): Promise<Estimate> {
  const tally = new Tally(bounds)
  let covered = 0
  for (let i = 0; i < PLACES; i++) {
    const from = i / PLACES
    const rows = await store.sessionsBehind(idAtPlace(from), ROWS_AT_ONCE)
    tally.add(rows)
    covered += (rows.length < ROWS_AT_ONCE ? 1 : placeOfId((rows.at(-1) as SessionFacts).id)) - from
  }
  return await tally.estimate(store, covered)
}

class Tally {
  readonly #bounds: Bounds
  readonly #measured: string[] = []
  looked = 0
  #over = 0

  constructor(bounds: Bounds) {
    this.#bounds = bounds
  }

  add(rows: readonly SessionFacts[]): void {
    const over = rows.filter((row) => isOver(row, this.#bounds))
    this.looked += rows.length
    this.#over += over.length
    for (const { id } of over.slice(0, MEASURED_ROWS - this.#measured.length)) this.#measured.push(id)
  }

  /** @param covered the share of all ids that was looked at */
  async estimate(store: UpkeepStore, covered: number): Promise<Estimate> {
    const bytesEach = await store.averageBytes(this.#measured)
    const removable = Math.round(this.#over / covered)
    return {
      sessions: Math.round(this.looked / covered),
      removable,
      bytes: Math.round(removable * bytesEach),
      method: covered === 1 ? 'counted' : 'sampled',
      looked: this.looked,
    }
  }
}
