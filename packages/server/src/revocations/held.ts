import type { Instant } from '../time.ts'
import type { RevocationEntry, RevocationKind } from './entry.ts'

interface HeldEntry extends RevocationEntry {
  /** In `elapsed`. */
  keptUntil: number
}

/** What the two clocks show. */
export interface Times {
  now: Instant
  /** Milliseconds since any instant, by a clock that is never set. */
  elapsed: number
}

/**
 * What is refused now, in memory, in the order of the log. Bounded by what has not expired: by both clocks, because one of them can
 * be set ahead and back again, and whatever was forgotten meanwhile would live once more.
 */
export class HeldRevocations {
  #entries: HeldEntry[] = []
  /** Of a log that another one has taken the place of: refused for as long as the others, and told to nobody. */
  #former: HeldEntry[] = []
  /** How many entries name a subject. */
  readonly #counts: Record<RevocationKind, Map<string, number>> = {
    sid: new Map(),
    jti: new Map(),
    kid: new Map(),
  }

  /** Adds what is newer than everything held. */
  add(entries: readonly RevocationEntry[], { now, elapsed }: Times): void {
    for (const entry of entries) {
      const left = entry.expiresAt - Math.max(now, entry.revokedAt)
      this.#entries.push({ ...entry, keptUntil: elapsed + left })
      this.#count(entry, 1)
    }
  }

  /** From here on the entries are those of another log, whose positions begin anew. */
  startAnew(): void {
    this.#former.push(...this.#entries)
    this.#entries = []
  }

  has(kind: RevocationKind, subject: string): boolean {
    return this.#counts[kind].has(subject)
  }

  newest(): RevocationEntry | undefined {
    return this.#entries.at(-1)
  }

  at(position: number): RevocationEntry | undefined {
    const entry = this.#entries[this.#indexAfter(position - 1)]
    return entry?.position === position ? entry : undefined
  }

  /** Those behind a position, in order, and no more than `limit`. */
  after(position: number, limit: number): RevocationEntry[] {
    const from = this.#indexAfter(position)
    return this.#entries.slice(from, from + limit)
  }

  /** Lets go of what has expired. Returns the instant at which nothing that is still held had expired. */
  forget({ now, elapsed }: Times): Instant {
    const isOver = ({ expiresAt, keptUntil }: HeldEntry) => expiresAt <= now && keptUntil <= elapsed
    const over = [...this.#entries.filter(isOver), ...this.#former.filter(isOver)]
    if (over.length > 0) {
      this.#entries = this.#entries.filter((entry) => !isOver(entry))
      this.#former = this.#former.filter((entry) => !isOver(entry))
    }
    for (const entry of over) this.#count(entry, -1)
    return this.#entries.reduce((instant, { expiresAt }) => Math.min(instant, expiresAt - 1), now)
  }

  #count({ kind, subject }: RevocationEntry, more: 1 | -1): void {
    const counts = this.#counts[kind]
    const count = (counts.get(subject) ?? 0) + more
    if (count === 0) counts.delete(subject)
    else counts.set(subject, count)
  }

  #indexAfter(position: number): number {
    let low = 0
    let high = this.#entries.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#entries[middle] as RevocationEntry).position > position) high = middle
      else low = middle + 1
    }
    return low
  }
}
