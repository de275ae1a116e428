import type { DatabaseSync, StatementSync } from 'node:sqlite'

/** What the sign-out on one process of a file is late by on another. */
const LOOK_EVERY_MS = 50

/** Notices commits to a file. SQLite notifies nobody, but tells whoever asks whether another connection has written. */
export class SqliteChanges {
  readonly #version: StatementSync
  readonly #listeners = new Set<() => void>()
  #seen: unknown
  #timer: NodeJS.Timeout | undefined

  /** @param reader a connection that writes nothing itself: its own commits would not count. */
  constructor(reader: DatabaseSync) {
    this.#version = reader.prepare('pragma data_version')
  }

  watch(onChange: () => void): () => void {
    this.#listeners.add(onChange)
    this.#timer ??= setInterval(() => this.#look(), LOOK_EVERY_MS).unref()
    return () => {
      this.#listeners.delete(onChange)
      if (this.#listeners.size === 0) this.stop()
    }
  }

  announce(): void {
    for (const onChange of this.#listeners) onChange()
  }

  stop(): void {
    clearInterval(this.#timer)
    this.#timer = undefined
  }

  #look(): void {
    const version = this.#read()
    if (version !== undefined && version === this.#seen) return
    this.#seen = version
    this.announce()
  }

  /** Undefined when the file does not answer: whoever listens finds out by asking for more. */
  #read(): unknown {
    try {
      return this.#version.get()?.data_version
    } catch {
      return undefined
    }
  }
}
