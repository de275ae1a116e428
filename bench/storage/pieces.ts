import { DatabaseSync } from 'node:sqlite'
import { KeyNames } from '../../packages/server/src/stores/redis/keys.ts'
import { sessionOf, userIdOf } from '../lab/population.ts'
import { psql, redisCli } from '../lab/programs.ts'
import type { Store } from '../lab/stores.ts'

/** A share of what a session takes up, and what it is for. */
export interface Piece {
  name: string
  /** Of one session, on average. */
  bytes: number
}

const IDS = ['id', 'user_id', 'seed']
const TIMES = ['created_at', 'last_used_at', 'expires_at', 'generation', 'ended_at']
const TEXTS = ['client', 'ip', 'user_agent', 'end_reason']
/** PostgreSQL's own: of the pointer to a row, of a page. */
const ROW_POINTER = 4
const PAGE_HEADER = 24
const PAGE = 8192

export function piecesOf(store: Store, databaseFile: string, count: number): Piece[] {
  if (store.postgres !== undefined) return piecesOfPostgres(store.postgres.url)
  if (store.redis !== undefined) return piecesOfRedis(store.redis.port, count)
  return piecesOfSqlite(databaseFile)
}

export function totalOf(pieces: readonly Piece[]): number {
  return pieces.reduce((sum, { bytes }) => sum + bytes, 0)
}

function piecesOfSqlite(file: string): Piece[] {
  const database = new DatabaseSync(file)
  try {
    // What is in the log is part of the file only then.
    database.exec('PRAGMA wal_checkpoint(PASSIVE)')
    const get = (query: string) => database.prepare(query).get() as Record<string, number>
    const trees = database
      .prepare(
        `SELECT name, sum(pgsize) AS size, sum(payload) AS payload, sum(unused) AS unused FROM dbstat
         WHERE name IN ('sessions', 'sessions_of_user') GROUP BY name ORDER BY name`,
      )
      .all() as unknown as { name: string; size: number; payload: number; unused: number }[]
    const [table, index] = trees as [(typeof trees)[0], (typeof trees)[0]]
    const { rows, ids, attempts, texts } =
      get(`SELECT count(*) AS rows, ${sum('ids', IDS)}, ${sum('attempts', ['attempts'])},
      ${sum('texts', TEXTS)} FROM sessions`) as { rows: number; ids: number; attempts: number; texts: number }
    const each = (bytes: number) => bytes / rows
    const integers = table.payload - ids - attempts - texts
    return [
      { name: 'ids and seed, 16 bytes each', bytes: each(ids) },
      { name: 'four attempts', bytes: each(attempts) },
      { name: 'client, ip, user agent', bytes: each(texts) },
      { name: 'generation, times, row header', bytes: each(integers) },
      {
        name: 'page headers, cell pointers, inner pages',
        bytes: each(table.size - table.payload - table.unused),
      },
      { name: 'free room in the pages', bytes: each(table.unused) },
      { name: 'index of a user’s live sessions', bytes: each(index.size) },
    ]
  } finally {
    database.close()
  }
}

function sum(name: string, columns: readonly string[], lengthOf = 'length'): string {
  return `${columns.map((column) => `sum(coalesce(${lengthOf}(${column}), 0))`).join(' + ')} AS ${name}`
}

function piecesOfPostgres(url: string): Piece[] {
  const size = (columns: readonly string[]) =>
    columns.map((column) => `avg(coalesce(pg_column_size(${column}), 0))`).join(' + ')
  const [row] = psql(
    url,
    `select count(*), avg(pg_column_size(s.*)), ${size(IDS)}, ${size(['attempts'])}, ${size(TEXTS)}, ${size(TIMES)},
       pg_relation_size('sessions'), pg_table_size('sessions') - pg_relation_size('sessions'),
       pg_relation_size('sessions_pkey'), pg_relation_size('sessions_of_user') from sessions s`,
  )
  const [rows, tuple, ids, attempts, texts, times, table, maps, primaryKey, ofUser] = row!.map(Number) as [
    ...[number, number, number, number, number, number, number, number, number, number],
  ]
  const columns = ids + attempts + texts + times
  // Rows begin at multiples of 8.
  const aligned = Math.ceil(tuple / 8) * 8
  const pages = (table / PAGE) * PAGE_HEADER
  const free = table / rows - aligned - ROW_POINTER - pages / rows
  return [
    { name: 'ids and seed, 16 bytes each', bytes: ids },
    { name: 'four attempts', bytes: attempts },
    { name: 'client, ip, user agent', bytes: texts },
    { name: 'generation and times, 8 bytes each', bytes: times },
    { name: 'row header, alignment', bytes: aligned - columns },
    {
      name: 'pointer to the row, page headers',
      bytes: ROW_POINTER + pages / rows,
    },
    { name: 'free room in the pages, and what old versions of rows left', bytes: free },
    { name: 'maps of free room and visibility', bytes: maps / rows },
    { name: 'primary key', bytes: primaryKey / rows },
    { name: 'index of a user’s live sessions', bytes: ofUser / rows },
  ]
}

const SAMPLES = 50

function piecesOfRedis(port: number, count: number): Piece[] {
  const used = Number(/used_memory:(\d+)/.exec(redisCli(port, 'info', 'memory'))![1])
  const atStart = Number(/used_memory_startup:(\d+)/.exec(redisCli(port, 'info', 'memory'))![1])
  const keys = new KeyNames('latchkey')
  const numbers = Array.from({ length: SAMPLES }, (_, index) => Math.floor((index * count) / SAMPLES))
  const average = (figure: (number: number) => number) =>
    numbers.reduce((sum, number) => sum + figure(number), 0) / SAMPLES
  const usage = (key: string) => Number(redisCli(port, 'memory', 'usage', key))
  const value = average((number) => Number(redisCli(port, 'strlen', keys.session(sessionOf(number).id))))
  const session = average((number) => usage(keys.session(sessionOf(number).id)))
  const user = average((number) => usage(keys.user(userIdOf(number))))
  return [
    { name: 'the value: ids, seed, times, four attempts, ip, user agent', bytes: value },
    { name: 'its key, its entry in the table of keys, rounding by the allocator', bytes: session - value },
    { name: 'the sorted set of a user’s sessions, here with one in it', bytes: user },
    { name: 'tables of keys and of times to live', bytes: (used - atStart) / count - session - user },
  ]
}
