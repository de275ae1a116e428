import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'
import { ConfigError, StoreUnavailableError } from '../../errors.ts'
import { type ConnectionOptions, clientConfig, welcome } from './postgres-connection.ts'
import { NoConnectionError, sqlStateOf } from './postgres-errors.ts'

const SETTING = 'LATCHKEY_DATABASE_URL'
const OLDEST_VERSION = 130_000
const PAUSE_MS = 250
const LOOPBACK = /^(?:localhost|127\.\d+\.\d+\.\d+|::1)$/

/** What a server says that is being started or has no connection left, and the network of one that is not there. */
const NOT_THERE_YET = [
  '57P03',
  '53300',
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
]
const CERTIFICATE_REFUSED = /CERT|SIGNATURE|^ERR_(?:TLS|SSL|OSSL)/

const PROBLEMS: Record<string, string> = {
  '28P01': 'the user or the password is wrong',
  '28000': 'the server refuses this user from here, or without TLS: see its pg_hba.conf',
  '3D000': 'there is no such database: create it first',
  '42501': 'the user lacks a right in the schema',
  '3F000': 'there is no schema to make the tables in: create it, or set the search_path of the user',
}

const LOOK = `
  select current_setting('server_version_num')::int as version, current_setting('server_encoding') as encoding,
    current_schema() as schema, current_setting('fsync') as fsync,
    current_setting('synchronous_commit') as synchronous_commit, current_setting('full_page_writes') as full_page_writes`

/** Our tables, where they are there already, that this user may not read and write. */
const CLOSED_TABLES = `
  select relname as name from pg_class
  where relnamespace = current_schema()::regnamespace and relname = any($1)
    and not (has_table_privilege(oid, 'SELECT') and has_table_privilege(oid, 'INSERT')
      and has_table_privilege(oid, 'UPDATE') and has_table_privilege(oid, 'DELETE'))
  order by relname`
const TABLES = ['keys', 'limits', 'revocations', 'services', 'sessions', 'upkeep', 'users']

interface Found {
  version: number
  encoding: string
  schema: string | null
  fsync: string
  synchronous_commit: string
  full_page_writes: string
}

/**
 * Waits for a server that is being started, and looks at what it is. Resolves to what its operator should know.
 * Rejects with `ConfigError` where waiting would not help, and with `StoreUnavailableError` when the server has not come.
 * @param waitSeconds how long
 */
export async function meetPostgres(options: ConnectionOptions, waitSeconds: number): Promise<string[]> {
  const deadline = performance.now() + waitSeconds * 1000
  for (let tries = 1; ; tries++) {
    try {
      return await look(options)
    } catch (error) {
      if (isNotThereYet(error) && performance.now() < deadline) {
        // Nobody has been given a logger yet, and whoever watches the start should not wonder.
        if (tries === 1) process.emitWarning(`PostgreSQL is waited for (${(error as Error).message})`)
        await delay(PAUSE_MS)
        continue
      }
      const known = toStartError(error)
      throw known instanceof ConfigError ? known : new StoreUnavailableError(new NoConnectionError(error))
    }
  }
}

/** The right that only a migration needs: without it Kysely says something else. */
export function missingRight(): ConfigError {
  return lacking('to create tables')
}

function lacking(right: string): ConfigError {
  return new ConfigError([{ setting: SETTING, problem: `${PROBLEMS['42501']}: ${right}` }])
}

/** A `ConfigError` where the URL, or what the server grants, has to be changed; the error itself otherwise. */
export function toStartError(error: unknown): unknown {
  if (error instanceof ConfigError) return error
  const problem = problemOf(originOf(error))
  return problem === undefined ? error : new ConfigError([{ setting: SETTING, problem }])
}

function originOf(error: unknown): unknown {
  const isWrapper = error instanceof StoreUnavailableError || error instanceof NoConnectionError
  return isWrapper ? originOf(error.cause) : error
}

/** In words that hold nothing of the URL; undefined where the URL may be right. */
function problemOf(error: unknown): string | undefined {
  const { message = '', code = '', syscall, path } = error as Record<string, string | undefined>
  const state = sqlStateOf(error)
  if (state !== undefined) return PROBLEMS[state] && `${PROBLEMS[state]} (${message})`
  if (syscall === 'open') return `the file ${path} cannot be read (${code})`
  if (/SASL.*password/.test(message)) return 'the server asks for a password, and there is none'
  if (message.includes('does not support SSL')) {
    return 'sslmode asks for TLS, and the server does not speak it: turn ssl on in its postgresql.conf'
  }
  if (CERTIFICATE_REFUSED.test(code)) {
    return `sslmode asks for a certificate to be trusted, and the server's cannot be (${message}): see sslrootcert`
  }
  return undefined
}

function isNotThereYet(error: unknown): boolean {
  const { message = '', code = '' } = error as Record<string, string | undefined>
  return NOT_THERE_YET.includes(code) || /timeout|terminated|replica/i.test(message)
}

async function look(options: ConnectionOptions): Promise<string[]> {
  const client = new pg.Client(clientConfig(options))
  client.on('error', () => {})
  try {
    await client.connect()
    await welcome(client, options)
    const { rows } = await client.query<Found>(LOOK)
    const found = rows[0] as Found
    refuse(found)
    const closed = (await client.query<{ name: string }>(CLOSED_TABLES, [TABLES])).rows
    if (closed.length > 0) throw lacking(`to read and write ${closed.map(({ name }) => name).join(', ')}`)
    return [...noticesOfTransport(client), ...noticesOfDurability(found)]
  } finally {
    await client.end().catch(() => {})
  }
}

function refuse({ version, encoding, schema }: Found): void {
  const problem =
    version < OLDEST_VERSION
      ? 'the server is older than PostgreSQL 13'
      : encoding !== 'UTF8'
        ? `the database is encoded as ${encoding}: create it with encoding 'UTF8'`
        : schema === null
          ? PROBLEMS['3F000']
          : undefined
  if (problem !== undefined) throw new ConfigError([{ setting: SETTING, problem }])
}

/** @param ssl as the driver keeps it: the options of the connection, or false */
export function noticesOfTransport({ host, ssl }: { host: string; ssl: boolean | object }): string[] {
  if (LOOPBACK.test(host) || host.startsWith('/')) return []
  const { rejectUnauthorized } = Object(ssl) as { rejectUnauthorized?: boolean }
  if (!ssl) {
    return [
      `the connection to PostgreSQL at ${host} is not encrypted: add ?sslmode=verify-full to ${SETTING}`,
    ]
  }
  if (rejectUnauthorized === false) {
    return [`anybody can pass for PostgreSQL at ${host}: sslmode=verify-full would check its certificate`]
  }
  return []
}

function noticesOfDurability({ fsync, synchronous_commit, full_page_writes }: Found): string[] {
  const notices = []
  if (fsync === 'off') {
    notices.push('PostgreSQL runs with fsync off: a power cut may destroy the whole database')
  }
  if (synchronous_commit === 'off') {
    notices.push(
      'PostgreSQL runs with synchronous_commit off: a crash of it takes back the last moments, with sign-outs that were confirmed',
    )
  }
  if (synchronous_commit === 'local') {
    notices.push(
      'PostgreSQL runs with synchronous_commit local: a failover takes back what its standby had not received, with sign-outs that were confirmed',
    )
  }
  if (full_page_writes === 'off') {
    notices.push(
      'PostgreSQL runs with full_page_writes off: a power cut may leave half-written pages in the database',
    )
  }
  return notices
}
