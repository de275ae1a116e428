// What an operator can do to a store beside the running service, the same for every store.

import { randomBytes } from 'node:crypto'
import { DatabaseSync, type SQLInputValue } from 'node:sqlite'
import { resolveOptions } from '../../../packages/server/src/config.ts'
import type { Session } from '../../../packages/server/src/sessions/session.ts'
import { openStores, type Stores } from '../../../packages/server/src/stores/open.ts'
import { KeyNames } from '../../../packages/server/src/stores/redis/keys.ts'
import { lockFile } from '../../../packages/server/src/stores/sql/testing/file-lock.ts'
import {
  holdPostgres,
  queryPostgres,
  withRedis,
} from '../../../packages/server/src/stores/testing/servers/by-hand.ts'
import { fileOf, type TestStore } from './store.ts'

type Row = Record<string, unknown>

/** Runs one statement on the SQL database; each `?` stands for a value. Ids are as their column has them. */
export async function runSql(store: TestStore, text: string, ...values: SQLInputValue[]): Promise<Row[]> {
  if (isPostgres(store)) {
    let place = 0
    return await queryPostgres(
      store.database,
      text.replaceAll('?', () => `$${++place}`),
      values,
    )
  }
  const database = new DatabaseSync(fileOf(store), { timeout: 5000 })
  try {
    return database.prepare(text).all(...values)
  } finally {
    database.close()
  }
}

/** How many rows the tables hold. Sessions are counted where they are. */
export async function countRows(store: TestStore, ...tables: string[]): Promise<Record<string, number>> {
  const counts: Record<string, number> = {}
  for (const table of tables) {
    counts[table] = table === 'sessions' ? (await sessionIds(store)).length : await countSql(store, table)
  }
  return counts
}

async function countSql(store: TestStore, table: string): Promise<number> {
  const [row] = await runSql(store, `select count(*) as count from ${table}`)
  return row?.count as number
}

/** Every session that is kept, ended ones included. */
export async function sessionsIn(store: TestStore): Promise<Session[]> {
  const ids = await sessionIds(store)
  const found = await withStores(store, ({ sessions }) => sessions.findMany(ids))
  return found.flatMap((owned) => (owned === undefined ? [] : [owned.session]))
}

/** Sets back what every session has come to, as a restored backup does. */
export async function setGenerations(store: TestStore, generation: number): Promise<void> {
  const rotations = (await sessionsIn(store)).map((session) => ({
    expectedGeneration: session.generation,
    next: { ...session, generation },
  }))
  await withStores(store, ({ sessions }) => sessions.rotateMany(rotations))
}

/** Makes a part of the store answer with errors; resolves to what gives it back. */
export async function takeAway(store: TestStore, table: string): Promise<() => Promise<void>> {
  if (table === 'sessions' && store.redis !== undefined) return await takeKeysAway(store, store.redis)
  await runSql(store, `alter table ${table} rename to away_${table}`)
  return async () => void (await runSql(store, `alter table away_${table} rename to ${table}`))
}

/** Lets nobody else write to the SQL database; resolves to what releases it. */
export async function lockWrites(store: TestStore): Promise<() => Promise<void>> {
  if (!isPostgres(store)) return await lockFile(fileOf(store))
  const tables = 'users, sessions, keys, revocations, services'
  return await holdPostgres(store.database, `lock table ${tables} in exclusive mode`)
}

async function takeKeysAway({ redisPrefix }: TestStore, redis: string): Promise<() => Promise<void>> {
  const user = new URL(redis).username
  const change = (...rules: string[]) => withRedis(redis, (client) => client.acl('SETUSER', user, ...rules))
  await change('resetkeys')
  return async () => void (await change(`~${redisPrefix}:*`))
}

async function sessionIds(store: TestStore): Promise<string[]> {
  if (store.redis !== undefined) {
    const names = new KeyNames(store.redisPrefix as string)
    const keys = await withRedis(store.redis, (client) => client.keys(names.anySession))
    return keys.map((key) => names.sessionIdOf(key))
  }
  const id = isPostgres(store) ? 'id::text' : 'lower(hex(id))'
  const rows = await runSql(store, `select ${id} as id from sessions`)
  return rows.map((row) => asUuid(row.id as string))
}

function asUuid(text: string): string {
  return text.includes('-') ? text : text.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}

/** The ports of the store, through connections of their own. */
async function withStores<Result>(
  store: TestStore,
  work: (stores: Stores) => Promise<Result>,
): Promise<Result> {
  const secret = randomBytes(32).toString('base64url')
  const stores = await openStores(
    resolveOptions({ url: 'http://localhost', secret, ...store }, false),
    () => 0,
  )
  try {
    return await work(stores)
  } finally {
    await stores.close()
  }
}

export function isPostgres({ database }: TestStore): boolean {
  return database.startsWith('postgres')
}
