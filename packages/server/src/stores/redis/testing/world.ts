// What the tests of Redis share: stores over an SQLite file of their own and a Redis server.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { onTestFinished } from 'vitest'
import { StoreUnavailableError } from '../../../errors.ts'
import { OPENED } from '../../../sessions/testing/sessions.ts'
import type { SqlDatabase } from '../../sql/database.ts'
import { createSqlKeyStore } from '../../sql/key-store.ts'
import { createSqlServiceStore } from '../../sql/service-store.ts'
import { openSqlite } from '../../sql/sqlite.ts'
import { REFUSED_FOR_MS, type StoreWorld } from '../../testing/world.ts'
import { openRedisStores, type RedisStoreSettings } from '../open.ts'

const ASK_EVERY_MS = 5

let worlds = 0

export type RedisWorld = Awaited<ReturnType<ReturnType<typeof newWorld>>>

/** What opens stores again and again over the same data. Whatever is open is closed when the test is over. */
export function newWorld(
  facts: Pick<RedisStoreSettings, 'url'> & Partial<RedisStoreSettings>,
  openDatabase = newFile(),
) {
  const settings: RedisStoreSettings = {
    redisPrefix: `test${worlds++}`,
    databaseTimeoutSeconds: 5,
    idleTtlSeconds: 604_800,
    sessionRetentionSeconds: 604_800,
    now: () => OPENED,
    ...facts,
  }
  return async (other: Partial<RedisStoreSettings> = {}) => {
    const database = await openDatabase()
    onTestFinished(() => database.close())
    const redis = await openRedisStores({ ...settings, ...other }, database, () => REFUSED_FOR_MS)
    onTestFinished(() => redis.close())
    return {
      ...redis,
      prefix: settings.redisPrefix,
      keys: createSqlKeyStore(database),
      services: createSqlServiceStore(database),
      database,
    }
  }
}

/** What opens one SQLite file again and again. */
function newFile(): () => Promise<SqlDatabase> {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-redis-sql-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return () => openSqlite(join(folder, 'latchkey.db'))
}

/** A world for the conformance suite. */
export async function openWorldAt(
  url: string,
  openDatabase?: () => Promise<SqlDatabase>,
): Promise<StoreWorld> {
  const open = newWorld({ url }, openDatabase)
  const first = await open()
  return {
    ...first,
    openAgain: () => open(),
    async takeAway() {
      first.close()
      await first.database.close()
    },
  }
}

/** Asks until the stores answer, and resolves to what they said first. */
export async function firstAnswer<Answer>(ask: () => Promise<Answer>): Promise<Answer> {
  for (;;) {
    try {
      return await ask()
    } catch (error) {
      if (!(error instanceof StoreUnavailableError)) throw error
      await delay(ASK_EVERY_MS)
    }
  }
}
