import pg from 'pg'
import { StoreUnavailableError } from '../../errors.ts'
import { type ConnectionOptions, clientConfig, dropSoon, welcome } from './postgres-connection.ts'
import { endsConnection, isReadTimeout, NoConnectionError, toStoreError } from './postgres-errors.ts'

const IDLE_MS = 60_000

/** Connections to one server, made when they are needed. Everything rejects with `StoreUnavailableError`, or a broken constraint. */
export class PostgresPool {
  readonly #options: ConnectionOptions
  readonly #size: number
  readonly #clients = new Set<pg.ClientBase>()
  #pool: pg.Pool
  #isPooled = false

  constructor(options: ConnectionOptions, size: number) {
    this.#options = options
    this.#size = size
    this.#pool = this.#open()
  }

  /** Whether a pooler was met between here and the server. */
  get isPooled(): boolean {
    return this.#isPooled
  }

  get options(): object {
    return this.#pool.options
  }

  /** A connection for several statements; `release(true)` ends it. Waits for one so long, and no longer. */
  async connect(): Promise<pg.PoolClient> {
    try {
      return await this.#pool.connect()
    } catch (error) {
      throw new StoreUnavailableError(new NoConnectionError(error))
    }
  }

  /** Does work on a connection, which ends where it broke. */
  async use<Result>(work: (client: pg.PoolClient) => Promise<Result>): Promise<Result> {
    const client = await this.connect()
    let isBroken = false
    try {
      return await work(client)
    } catch (error) {
      isBroken = this.isBrokenBy(error)
      throw toStoreError(error)
    } finally {
      client.release(isBroken)
    }
  }

  /** To be told of every error of a statement: true where nothing more can be said on that connection. */
  isBrokenBy(error: unknown): boolean {
    // The others are of the same age, and hang as well: each would cost a request its time-out.
    if (isReadTimeout(error)) this.#replace()
    return endsConnection(error)
  }

  async end(): Promise<void> {
    if (this.#pool.ending) return
    const ended = this.#pool.end()
    for (const client of this.#clients) dropSoon(client)
    await ended
  }

  #open(): pg.Pool {
    const pool = new pg.Pool({
      ...clientConfig(this.#options),
      max: this.#size,
      idleTimeoutMillis: IDLE_MS,
      onConnect: async (client) => {
        if ((await welcome(client, this.#options)).isPooled) this.#isPooled = true
      },
    })
    // What breaks while it is idle leaves the pool by itself, and what breaks in use fails what it is used for.
    pool.on('error', () => {})
    pool.on('connect', (client) => {
      client.on('error', () => {})
      this.#clients.add(client)
    })
    pool.on('remove', (client) => this.#clients.delete(client))
    return pool
  }

  #replace(): void {
    if (this.#pool.ending) return
    const old = this.#pool
    this.#pool = this.#open()
    old.end().catch(() => {})
  }
}
