// Everything that a store has kept, byte for byte: what a thief of the database has.
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { queryPostgres, withRedis } from '../../../packages/server/src/stores/testing/servers/by-hand.ts'
import { isPostgres } from './look.ts'
import { fileOf, type TestStore } from './store.ts'

export interface Kept {
  name: string
  content: Buffer
}

export async function contentOf(store: TestStore): Promise<Kept[]> {
  const sql = filesIn(isPostgres(store) ? await dataFolder(store.database) : dirname(fileOf(store)))
  return store.redis === undefined
    ? sql
    : [...sql, ...(await valuesIn(store.redis, `${store.redisPrefix}:*`))]
}

function filesIn(folder: string): Kept[] {
  return readdirSync(folder)
    .toSorted()
    .map((name) => ({ name, content: readFileSync(join(folder, name)) }))
}

/** Where PostgreSQL has the tables of a database, after it has written them there. */
async function dataFolder(url: string): Promise<string> {
  await queryPostgres(url, 'checkpoint')
  const [row] = await queryPostgres(
    url,
    "select current_setting('data_directory') as root, oid from pg_database where datname = current_database()",
  )
  return join(row?.root as string, 'base', String(row?.oid))
}

/** Each key with its value, as Redis would write it to its disk. */
async function valuesIn(url: string, pattern: string): Promise<Kept[]> {
  return await withRedis(url, async (redis) => {
    const keys = await redis.keys(pattern)
    return await Promise.all(
      keys.map(async (name) => {
        const value = (await redis.dumpBuffer(name)) as Buffer
        return { name, content: Buffer.concat([Buffer.from(name), value]) }
      }),
    )
  })
}
