import pg from 'pg'
import { toStoreError } from './postgres-errors.ts'

const INT8 = 20

/** How long a request waits until a connection is free, or made. */
const CONNECTION_WAIT_MS = 2_000
const IDLE_MS = 60_000
const KEEP_ALIVE_MS = 10_000
/** What the server's own limit is given in addition, so that it is the server that ends a slow statement. */
const GRACE_MS = 1_000

export interface ConnectionOptions {
  url: string
  timeoutSeconds: number
}

export function clientConfig({ url, timeoutSeconds }: ConnectionOptions): pg.ClientConfig {
  return {
    connectionString: url,
    application_name: 'latchkey',
    connectionTimeoutMillis: CONNECTION_WAIT_MS,
    query_timeout: timeoutSeconds * 1000 + GRACE_MS,
    keepAlive: true,
    keepAliveInitialDelayMillis: KEEP_ALIVE_MS,
    types: { getTypeParser: parserOf },
  }
}

/** Ours are all below 2^53. Set for each client: the global parsers belong to the app that we may run in. */
function parserOf(oid: number, format?: 'text' | 'binary') {
  return oid === INT8 ? Number : pg.types.getTypeParser(oid, format)
}

/** Connections to one server, made when they are needed. */
export class PostgresPool {
  readonly #pool: pg.Pool

  constructor(options: ConnectionOptions, size: number, onConnect: (client: pg.Client) => Promise<void>) {
    this.#pool = new pg.Pool({
      ...clientConfig(options),
      max: size,
      idleTimeoutMillis: IDLE_MS,
      onConnect: onConnect as (client: pg.ClientBase) => Promise<void>,
    })
    // A connection that breaks while it is idle leaves the pool by itself, and one that breaks in use fails what it is used for.
    this.#pool.on('error', () => {})
    this.#pool.on('connect', (client) => client.on('error', () => {}))
  }

  get options(): object {
    return this.#pool.options
  }

  /** A connection for several statements; `release(true)` ends it. Rejects with `StoreUnavailableError`. */
  async connect(): Promise<pg.PoolClient> {
    try {
      return await this.#pool.connect()
    } catch (error) {
      throw toStoreError(error)
    }
  }

  /** One statement on a connection of its own. */
  async query<Row extends unknown[]>(query: pg.QueryArrayConfig): Promise<Row[]> {
    const client = await this.connect()
    let broken = true
    try {
      const { rows } = await client.query<Row>(query)
      broken = false
      return rows
    } finally {
      client.release(broken)
    }
  }

  async end(): Promise<void> {
    if (!this.#pool.ending) await this.#pool.end()
  }
}
