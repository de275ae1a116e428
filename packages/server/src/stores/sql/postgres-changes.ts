import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'
import { type ConnectionOptions, clientConfig } from './postgres-pool.ts'

/** A database has its own channels. */
export const CHANNEL = 'latchkey_revocations'

const HEARTBEAT_MS = 1_000

/** Hears of what others have written, over a connection of its own. */
export class PostgresChanges {
  readonly #options: ConnectionOptions
  readonly #listeners = new Set<() => void>()
  #stopped: AbortController | undefined

  constructor(options: ConnectionOptions) {
    this.#options = options
  }

  watch(onChange: () => void): () => void {
    this.#listeners.add(onChange)
    if (this.#stopped === undefined) {
      this.#stopped = new AbortController()
      void this.#listen(this.#stopped.signal)
    }
    return () => {
      this.#listeners.delete(onChange)
      if (this.#listeners.size === 0) this.stop()
    }
  }

  announce(): void {
    for (const onChange of this.#listeners) onChange()
  }

  stop(): void {
    this.#stopped?.abort()
    this.#stopped = undefined
  }

  async #listen(stopped: AbortSignal): Promise<void> {
    while (!stopped.aborted) {
      const client = new pg.Client(clientConfig(this.#options))
      client.on('error', () => {})
      client.on('notification', () => this.announce())
      try {
        await client.connect()
        await client.query(`listen ${CHANNEL}`)
        while (!stopped.aborted) {
          this.announce()
          await delay(HEARTBEAT_MS, undefined, { signal: stopped, ref: false })
          await client.query('select 1')
        }
      } catch {
        await delay(HEARTBEAT_MS, undefined, { signal: stopped, ref: false }).catch(() => {})
      } finally {
        await client.end().catch(() => {})
      }
    }
  }
}
