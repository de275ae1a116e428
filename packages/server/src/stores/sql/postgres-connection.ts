import type { Socket } from 'node:net'
import pg from 'pg'
import { checkedUrl } from './postgres-url.ts'

const INT8 = 20

/** How long a request waits until a connection is free, or made. */
const CONNECTION_WAIT_MS = 2_000
/** How long a server may take to see a connection end in good order. */
const FAREWELL_MS = 500
const KEEP_ALIVE_MS = 10_000
/** What the driver waits longer than the server may take: so it is the server that ends a slow statement, not its connection. */
const GRACE_MS = 1_000

export interface ConnectionOptions {
  url: string
  /** What one statement may take, and a transaction be left idle. Null: no limit. */
  timeoutSeconds: number | null
  /** Settings of PostgreSQL for each connection, such as `enable_seqscan`. */
  settings?: Record<string, string>
}

/**
 * Throws what the URL itself makes impossible: as a `ConfigError`, or as what a certificate's file that is not there brings about.
 *
 * No limit is among the parameters of the start: PgBouncer refuses a connection that asks for what it does not know.
 */
export function clientConfig({ url, timeoutSeconds }: ConnectionOptions): pg.ClientConfig {
  return {
    connectionString: checkedUrl(url),
    application_name: 'latchkey',
    connectionTimeoutMillis: CONNECTION_WAIT_MS,
    query_timeout: timeoutSeconds === null ? undefined : timeoutSeconds * 1000 + GRACE_MS,
    keepAlive: true,
    keepAliveInitialDelayMillis: KEEP_ALIVE_MS,
    types: { getTypeParser: parserOf },
  }
}

/** Ours are all below 2^53. Set for each client: the parsers that all share belong to the app that we may run in. */
function parserOf(oid: number, format?: 'text' | 'binary') {
  return oid === INT8 ? Number : pg.types.getTypeParser(oid, format)
}

/** The limits, as settings of PostgreSQL. */
export function limits(timeoutSeconds: number | null): Record<string, string> {
  const ms = String((timeoutSeconds ?? 0) * 1000)
  return { statement_timeout: ms, idle_in_transaction_session_timeout: ms }
}

/**
 * The first word on every new connection: sets what it may, and tells whether a pooler is in between, which hands the
 * server's connections from one client to the next and so keeps neither settings nor prepared statements.
 * Rejects where it has come to a replica: what that one knows of a session may be long over.
 */
export async function welcome(
  client: pg.ClientBase,
  { timeoutSeconds, settings = {} }: ConnectionOptions,
): Promise<{ isPooled: boolean }> {
  // A pooler makes up the process id that it tells its clients.
  const { processID } = client as unknown as { processID: number | null }
  const isDirect = `pg_backend_pid() = ${Number(processID)}`
  const set = Object.entries({ ...limits(timeoutSeconds), ...settings }).map(
    ([name, value]) =>
      `set_config('${name}', case when ${isDirect} then '${value}' else current_setting('${name}') end, false)`,
  )
  const query = {
    text: `select pg_is_in_recovery(), ${isDirect}, ${set.join(', ')}`,
    rowMode: 'array' as const,
    query_timeout: CONNECTION_WAIT_MS,
  }
  const [[isReplica, direct] = []] = (await client.query<boolean[]>(query)).rows
  if (isReplica) throw new Error('the server is a replica')
  return { isPooled: !direct }
}

/** Drops a connection that was ended, where the server takes no part in it: it would keep the process alive. */
export function dropSoon(client: pg.ClientBase): void {
  const { stream } = (client as unknown as { connection: { stream: Socket } }).connection
  if (stream.destroyed) return
  const timer = setTimeout(() => stream.destroy(), FAREWELL_MS)
  stream.once('close', () => clearTimeout(timer))
}
