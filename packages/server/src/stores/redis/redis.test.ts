import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, onTestFinished } from 'vitest'
import { OPENED } from '../../sessions/testing/sessions.ts'
import { describeStore } from '../conformance.ts'
import { createSqlKeyStore } from '../sql/key-store.ts'
import { createSqlServiceStore } from '../sql/service-store.ts'
import { openSqlite } from '../sql/sqlite.ts'
import { type RedisServer, startRedis } from '../testing/servers/redis.ts'
import { REFUSED_FOR_MS } from '../testing/world.ts'
import { openRedisStores } from './open.ts'

let server: RedisServer
let worlds = 0

beforeAll(async () => {
  server = await startRedis()
})
afterAll(() => server.process.remove())

describeStore('Redis', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-redis-sql-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const path = join(folder, 'latchkey.db')
  const redisPrefix = `test${worlds++}`

  async function open() {
    const database = await openSqlite(path)
    const redis = await openRedisStores(
      {
        url: server.url,
        redisPrefix,
        databaseTimeoutSeconds: 5,
        now: () => OPENED,
        idleTtlSeconds: 604_800,
        sessionRetentionSeconds: 604_800,
      },
      database,
      () => REFUSED_FOR_MS,
    )
    async function close() {
      redis.close()
      await database.close()
    }
    onTestFinished(close)
    return { ...redis, keys: createSqlKeyStore(database), services: createSqlServiceStore(database), close }
  }
  const first = await open()
  return { ...first, openAgain: open, takeAway: first.close }
})
