import type { Instant } from '../time.ts'

/** What the upkeep has to know of a session. */
export interface SessionFacts {
  id: string
  lastUsedAt: Instant
  expiresAt: Instant
  endedAt: Instant | null
}

/** A session is over for good when it ended at the first of these or before; or, never ended, has run out by one of the others. */
export interface Bounds {
  endedUntil: Instant
  usedUntil: Instant
  expiresUntil: Instant
}

/** When a task is due again, and how far its present round has come; null between two rounds. */
export interface Plan {
  cursor: string | null
  dueAt: Instant
}

/**
 * The old records, and the plan by which nodes share the work on them. Every method is atomic, short, and durable once it has
 * resolved, and rejects only with `StoreUnavailableError`.
 */
export interface UpkeepStore {
  /** Sessions that one removal shall concern at most: in half a millisecond of the thread that serves, where it runs there. */
  readonly rowsToRemove: number

  /** The sessions whose ids come after this one, in the order of the ids, and no more than `limit`. */
  sessionsBehind(id: string, limit: number): Promise<SessionFacts[]>

  /**
   * Removes the sessions from one id up to another that are over by these bounds at this moment, whatever they were when they
   * were looked at. Resolves to their number.
   */
  removeSessions(fromId: string, toId: string, bounds: Bounds): Promise<number>

  /** About how many bytes these sessions take on average, with their places in the indexes. 0 where there are none. */
  averageBytes(ids: readonly string[]): Promise<number>

  /** The plan of a task; a task that has none is due. */
  findPlan(task: string): Promise<Plan>

  /** Replaces a plan that is still due at the instant that was seen; of many who try with the same one, exactly one is `true`. */
  replacePlan(task: string, seenDueAt: Instant, next: Plan): Promise<boolean>
}
