import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'
import { type ConnectionOptions, clientConfig, dropSoon, welcome } from './postgres-connection.ts'

/** Each database of a server has its own channels. */
export const CHANNEL = 'latchkey_revocations'

/** A revocation is known everywhere within a second, also where the word of it was lost. */
const HEARTBEAT_MS = 800
/** Behind a pooler no word arrives: it hands the connection that listens to somebody else. */
const POLL_MS = 250
/** A connection that is silent for longer hangs. */
const SILENCE_MS = 2_000
const FIRST_RETRY_MS = 50
const LONGEST_RETRY_MS = 1_000

/**
 * Says when others may have added to the log of revocations: after each notification, whenever the connection that listens is
 * new, and with every heartbeat.
 */
export class PostgresChanges {
  readonly #options: ConnectionOptions
  readonly #listeners = new Set<() => void>()
  #stopping: AbortController | undefined
  #stopped: Promise<unknown> = Promise.resolve()

  constructor(options: ConnectionOptions) {
    this.#options = options
  }

  watch(onChange: () => void): () => void {
    this.#listeners.add(onChange)
    this.#start()
    return () => {
      this.#listeners.delete(onChange)
      if (this.#listeners.size === 0) void this.stop()
    }
  }

  announce(): void {
    for (const onChange of this.#listeners) onChange()
  }

  async stop(): Promise<void> {
    this.#stopping?.abort()
    this.#stopping = undefined
    await this.#stopped
  }

  #start(): void {
    if (this.#stopping !== undefined) return
    this.#stopping = new AbortController()
    const { signal } = this.#stopping
    // Not only while the connection lives: what cannot be heard is asked for.
    const heartbeat = setInterval(() => this.announce(), HEARTBEAT_MS).unref()
    signal.addEventListener('abort', () => clearInterval(heartbeat))
    this.#stopped = this.#listenAlways(signal)
  }

  async #listenAlways(signal: AbortSignal): Promise<void> {
    for (let failures = 0; !signal.aborted; failures++) {
      const began = performance.now()
      await this.#listen(signal).catch(() => {})
      if (performance.now() - began > LONGEST_RETRY_MS) failures = 0
      // The first try comes at once: a server that was started again may be there already.
      const pause = failures === 0 ? 0 : Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** failures)
      await delay(pause, undefined, { signal, ref: false }).catch(() => {})
    }
  }

  /** Listens until the connection breaks, or hangs. */
  async #listen(signal: AbortSignal): Promise<void> {
    const client = new pg.Client({ ...clientConfig(this.#options), query_timeout: SILENCE_MS })
    client.on('error', () => {})
    client.on('notification', () => this.announce())
    const broken = new AbortController()
    client.on('end', () => broken.abort())
    const until = AbortSignal.any([signal, broken.signal])
    try {
      await client.connect()
      const { isPooled } = await welcome(client, this.#options)
      if (!isPooled) await client.query(`listen ${CHANNEL}`)
      while (!until.aborted) {
        this.announce()
        await delay(isPooled ? POLL_MS : HEARTBEAT_MS, undefined, { signal: until, ref: false })
        if (!isPooled) await client.query('')
      }
    } finally {
      dropSoon(client)
      await client.end().catch(() => {})
    }
  }
}
