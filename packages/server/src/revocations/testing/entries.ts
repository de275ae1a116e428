// What the tests of revocations share: entries, and a log of them in memory that can be taken away.
// It asserts nothing.
import { StoreUnavailableError } from '../../errors.ts'
import { newId } from '../../ids.ts'
import type { NewRevocation, RevocationEntry } from '../entry.ts'
import type { RevocationStore } from '../store.ts'

export const NOW = Date.parse('2026-01-01T12:00:00Z')

export function anEntry(facts: Partial<RevocationEntry> = {}): RevocationEntry {
  return { position: 1, kind: 'sid', subject: newId(), revokedAt: NOW, expiresAt: NOW + 960_000, ...facts }
}

/** A log in memory. What is appended is not announced: a test says when anybody hears of it. */
export class MemoryLog implements RevocationStore {
  entries: RevocationEntry[] = []
  isAway = false
  /** What a read waits for once it has looked. */
  slowness: Promise<void> | undefined
  /** How often it was read. */
  reads = 0
  announce = (): void => {}
  #newest = 0

  async append(entry: NewRevocation): Promise<void> {
    this.#check()
    this.entries.push({ ...entry, position: ++this.#newest })
  }

  async after(position: number, limit: number): Promise<RevocationEntry[]> {
    this.reads++
    this.#check()
    const found = this.entries.filter((entry) => entry.position > position).slice(0, limit)
    await this.slowness
    return found
  }

  async unexpired(now: number, position: number, limit: number): Promise<RevocationEntry[]> {
    this.#check()
    return this.entries.filter((entry) => entry.position > position && entry.expiresAt > now).slice(0, limit)
  }

  async newest(): Promise<number> {
    this.#check()
    return this.entries.at(-1)?.position ?? 0
  }

  async forget(instant: number, limit: number): Promise<number> {
    this.#check()
    const expired = this.entries.filter(({ expiresAt }) => expiresAt <= instant).slice(0, limit)
    this.entries = this.entries.filter((entry) => !expired.includes(entry))
    return expired.length
  }

  watch(onChange: () => void): () => void {
    this.announce = onChange
    return () => {
      this.announce = () => {}
    }
  }

  #check(): void {
    if (this.isAway) throw new StoreUnavailableError(new Error('taken away by the test'))
  }
}
