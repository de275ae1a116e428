import type { Instant } from '../time.ts'
import type { RevocationEntry, RevocationKind } from './entry.ts'

/** What is refused now, in memory, in the order of the log. Bounded by what has not expired. */
export class HeldRevocations {
  #entries: RevocationEntry[] = []
  readonly #untilBySubject: Record<RevocationKind, Map<string, Instant>> = {
    sid: new Map(),
    jti: new Map(),
    kid: new Map(),
  }

  /** Adds what is newer than everything held. */
  add(entries: readonly RevocationEntry[]): void {
    for (const entry of entries) {
      this.#entries.push(entry)
      const untilBySubject = this.#untilBySubject[entry.kind]
      const until = untilBySubject.get(entry.subject) ?? 0
      untilBySubject.set(entry.subject, Math.max(until, entry.expiresAt))
    }
  }

  has(kind: RevocationKind, subject: string): boolean {
    return this.#untilBySubject[kind].has(subject)
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

  /** Lets go of what has expired. */
  forget(now: Instant): void {
    if (this.#entries.every(({ expiresAt }) => expiresAt > now)) return
    this.#entries = this.#entries.filter(({ kind, subject, expiresAt }) => {
      if (expiresAt > now) return true
      const untilBySubject = this.#untilBySubject[kind]
      if ((untilBySubject.get(subject) ?? 0) <= now) untilBySubject.delete(subject)
      return false
    })
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
