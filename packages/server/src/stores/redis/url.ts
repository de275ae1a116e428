import { readFileSync } from 'node:fs'
import { ConfigError } from '../../errors.ts'

export interface Address {
  host: string
  port: number
}

/** What a URL of Redis says. */
export interface RedisLocation {
  kind: 'single' | 'cluster' | 'sentinel'
  addresses: readonly [Address, ...Address[]]
  /** The master's name; only with Sentinel. */
  master: string | null
  db: number
  username: string | null
  password: string | null
  sentinelPassword: string | null
  /** Null without TLS; `ca` where the system's own list is not asked. */
  tls: { ca: Buffer | null } | null
}

const URL_PARTS =
  /^redis(?<tls>s?)(?:\+(?<kind>cluster|sentinel))?:\/\/(?:(?<user>[^@/?]*)@)?(?<hosts>[^@/?]+)(?:\/(?<path>[^?]*))?(?:\?(?<query>.*))?$/
const HOST_AND_PORT = /^(?<host>\[[0-9a-fA-F:.]+\]|[^:[\]\s]+)(?::(?<port>\d{1,5}))?$/
const REDIS_PORT = 6379
const SENTINEL_PORT = 26_379

/** Throws a `ConfigError` that never shows the URL: it may hold a password. */
export function parseRedisUrl(url: string): RedisLocation {
  const parts = URL_PARTS.exec(url)?.groups
  if (parts === undefined)
    throw wrong('is not redis://[USER:PASSWORD@]HOST:PORT[/DB], nor one of its other forms')
  const kind = (parts.kind ?? 'single') as RedisLocation['kind']
  const query = new URLSearchParams(parts.query)
  const known = ['tls_ca', 'db', 'sentinel_password']
  for (const name of query.keys()) if (!known.includes(name)) throw wrong(`has an unknown part: ${name}`)

  const addresses = (parts.hosts as string).split(',').map((text) => toAddress(text, kind))
  const [first, ...others] = addresses
  if (first === undefined || (kind === 'single' && others.length > 0)) {
    throw wrong('names several hosts: write redis+cluster:// or redis+sentinel://')
  }
  const path = decode(parts.path ?? '')
  if (kind === 'sentinel' && path === '')
    throw wrong('needs the name of the master: redis+sentinel://HOST:PORT/MASTER')
  const db = toDatabase(kind === 'single' && path !== '' ? path : (query.get('db') ?? '0'))
  if (kind === 'cluster' && (db !== 0 || path !== ''))
    throw wrong('names a database: a cluster has only number 0')
  const [username, password] = toCredentials(parts.user ?? '')
  return {
    kind,
    addresses: [first, ...others],
    master: kind === 'sentinel' ? path : null,
    db,
    username,
    password,
    sentinelPassword: query.get('sentinel_password'),
    tls: parts.tls === 's' ? { ca: readCa(query.get('tls_ca')) } : null,
  }
}

export function wrong(problem: string): ConfigError {
  return new ConfigError([{ setting: 'LATCHKEY_REDIS_URL', problem }])
}

function toAddress(text: string, kind: RedisLocation['kind']): Address {
  const parts = HOST_AND_PORT.exec(text)?.groups
  if (parts === undefined) throw wrong('names a host that is none: write each as HOST:PORT')
  const port =
    parts.port === undefined ? (kind === 'sentinel' ? SENTINEL_PORT : REDIS_PORT) : Number(parts.port)
  return { host: (parts.host as string).replace(/^\[|\]$/g, ''), port }
}

/** `USER:PASSWORD`, `:PASSWORD`, or the password alone. */
function toCredentials(text: string): [string | null, string | null] {
  const colon = text.indexOf(':')
  const username = colon < 1 ? '' : decode(text.slice(0, colon))
  const password = decode(text.slice(colon + 1))
  return [username === '' ? null : username, password === '' ? null : password]
}

function toDatabase(text: string): number {
  if (!/^\d{1,5}$/.test(text)) throw wrong('names a database that is no number')
  return Number(text)
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw wrong('holds a % that begins no character: write it as %25')
  }
}

function readCa(path: string | null): Buffer | null {
  if (path === null) return null
  try {
    return readFileSync(path)
  } catch (error) {
    throw wrong(`names a tls_ca that cannot be read (${(error as NodeJS.ErrnoException).code})`)
  }
}
