import { setTimeout as delay } from 'node:timers/promises'
import { placeOfId } from '../ids.ts'
import type { Clock, Instant } from '../time.ts'
import { cautious } from './cautious-clock.ts'
import { type Estimate, estimate } from './estimate.ts'
import { newRound, type Round, roundFromText, roundToText } from './round.ts'
import { boundsAt, isDue, LEASE_MS, ROUND_EVERY_MS, type UpkeepPolicy } from './rules.ts'
import type { UpkeepStore } from './store.ts'
import { AT_ONCE, IN_BACKGROUND, type Pace, sweepOnce } from './sweep.ts'

const TASK = 'sessions'
/** A start has better things to do first, and nodes that start together come one after the other. */
const FIRST_LOOK_MS = 1_000
const SPREAD_MS = 2_000
/** How often the place in a round is written down: what a killed node has looked at since is looked at again. */
const SAVE_EVERY_MS = 3_000
const FIRST_RETRY_MS = 1_000
const LONGEST_RETRY_MS = 60_000
/** However far off the next round is: a clock may be set meanwhile. One row is read. */
const LOOK_EVERY_MS = 60_000

/** A round over all sessions. */
export interface RoundReport {
  /** Sessions that were looked at. */
  looked: number
  removed: number
  seconds: number
  /** False when it was stopped before it had seen all. */
  finished: boolean
}

export interface RunOptions {
  /** Hears, many times a second, how far it has come: `done` goes from 0 to 1. */
  onProgress?: (progress: { looked: number; removed: number; done: number }) => void
  /** Stops it between two small steps: what was removed is removed, and the next round does the rest. */
  signal?: AbortSignal
}

interface UpkeepDependencies {
  store: UpkeepStore
  policy: UpkeepPolicy
  now: Clock
  /** Milliseconds since any instant, by a clock that is never set. */
  elapsed: () => number
  /** Hears of every removal of this node's. */
  onRemoved: (count: number) => void
  /** Hears of each round that this node has finished in the background, whoever began it. */
  onRound: (report: RoundReport) => void
  onFailed: () => void
}

/**
 * Removes sessions that have been over for long. Of the nodes and processes that share a store, one at a time does it; another goes
 * on where it stopped, also where it was killed. A store that is away only delays it.
 */
export class UpkeepService {
  readonly #deps: UpkeepDependencies
  readonly #believed: Clock
  readonly #stop = new AbortController()
  #running: Promise<void> = Promise.resolve()
  #failures = 0

  constructor(dependencies: UpkeepDependencies) {
    this.#deps = dependencies
    this.#believed = cautious(dependencies.now, dependencies.elapsed)
  }

  /** Begins to look, now and again, for what is due. To be called once. */
  start(): void {
    this.#running = this.#tend()
  }

  /** Stops between two small steps, and lets another node go on at once. Never rejects. */
  async close(): Promise<void> {
    this.#stop.abort()
    await this.#running
  }

  /** One full round now, whatever is planned. Rejects with STORE_UNAVAILABLE. */
  async run({ onProgress, signal = new AbortController().signal }: RunOptions = {}): Promise<RoundReport> {
    const start = this.#deps.elapsed()
    const round = newRound(this.#deps.now())
    let finished = false
    while (!finished && !signal.aborted) {
      finished = await this.#step(round, AT_ONCE, { signal, ref: true })
      onProgress?.({
        looked: round.looked,
        removed: round.removed,
        done: finished ? 1 : placeOfId(round.behind),
      })
    }
    const seconds = (this.#deps.elapsed() - start) / 1000
    return { looked: round.looked, removed: round.removed, seconds, finished }
  }

  /** What a round would remove now. Writes nothing. Rejects with STORE_UNAVAILABLE. */
  async estimate(): Promise<Estimate> {
    return await estimate(this.#deps.store, this.#bounds())
  }

  async #tend(): Promise<void> {
    const { signal } = this.#stop
    let wait = FIRST_LOOK_MS
    for (;;) {
      await pause(wait + Math.random() * SPREAD_MS, { signal, ref: false })
      if (signal.aborted) return
      wait = await this.#attempt()
    }
  }

  /** Does what is due, and resolves to the milliseconds after which to look again. */
  async #attempt(): Promise<number> {
    try {
      const wait = await this.#workWhereDue()
      this.#failures = 0
      return wait
    } catch {
      this.#deps.onFailed()
      return Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** this.#failures++)
    }
  }

  async #workWhereDue(): Promise<number> {
    const { store, now } = this.#deps
    const plan = await store.findPlan(TASK)
    if (!isDue(plan.dueAt, now())) return Math.min(LOOK_EVERY_MS, plan.dueAt - now())
    const lease = new Lease(store, plan.dueAt)
    if (!(await lease.hold(plan.cursor, now() + LEASE_MS))) return LEASE_MS
    const next = await this.#workUnder(lease, roundFromText(plan.cursor) ?? newRound(now()))
    return Math.min(LOOK_EVERY_MS, Math.max(0, next - now()))
  }

  /** Works on a round until it is finished, or another node has taken it over. Resolves to when to look again. */
  async #workUnder(lease: Lease, round: Round): Promise<Instant> {
    const { now, elapsed } = this.#deps
    const { signal } = this.#stop
    let finished = false
    let saved = elapsed()
    while (!finished && !signal.aborted) {
      finished = await this.#step(round, IN_BACKGROUND, { signal, ref: false })
      if (finished || elapsed() - saved < SAVE_EVERY_MS) continue
      if (!(await lease.hold(roundToText(round), now() + LEASE_MS))) return now() + LEASE_MS
      saved = elapsed()
    }
    if (!finished) {
      await lease.hold(roundToText(round), now())
      return now()
    }
    const next = Math.max(now(), round.startedAt + ROUND_EVERY_MS)
    if (await lease.hold(null, next)) this.#report(round)
    return next
  }

  /** Moves a round on by a step, and resolves to whether it is over. */
  async #step(round: Round, pace: Pace, waiting: Waiting): Promise<boolean> {
    const { store, elapsed, onRemoved } = this.#deps
    const sweep = {
      store,
      bounds: this.#bounds(),
      pace,
      elapsed,
      rest: (milliseconds: number) => pause(milliseconds, waiting),
      signal: waiting.signal,
    }
    const step = await sweepOnce(sweep, round.behind)
    round.looked += step.looked
    round.removed += step.removed
    if (step.removed > 0) onRemoved(step.removed)
    round.behind = step.behind
    return step.isLast
  }

  #report({ startedAt, looked, removed }: Round): void {
    const seconds = Math.max(0, (this.#deps.now() - startedAt) / 1000)
    this.#deps.onRound({ looked, removed, seconds, finished: true })
  }

  #bounds() {
    return boundsAt(this.#believed(), this.#deps.policy)
  }
}

/** The right to work on the task, for as long as nobody else has taken it. */
class Lease {
  readonly #store: UpkeepStore
  #dueAt: Instant

  constructor(store: UpkeepStore, seenDueAt: Instant) {
    this.#store = store
    this.#dueAt = seenDueAt
  }

  /** Writes down where the round stands and until when the others wait. False when another has the task. */
  async hold(cursor: string | null, dueAt: Instant): Promise<boolean> {
    const held = await this.#store.replacePlan(TASK, this.#dueAt, { cursor, dueAt })
    this.#dueAt = dueAt
    return held
  }
}

interface Waiting {
  signal: AbortSignal
  /** Whether it keeps the process alive. */
  ref: boolean
}

/** Resolves after so many milliseconds, or when the signal comes. */
async function pause(milliseconds: number, waiting: Waiting): Promise<void> {
  await delay(milliseconds, undefined, waiting).catch(() => {})
}
