import { afterAll, beforeAll, onTestFinished } from 'vitest'
import { describeStore } from '../conformance.ts'
import { openPostgres } from '../sql/postgres.ts'
import { type PostgresServer, startPostgres } from '../testing/servers/postgres.ts'
import { type RedisServer, startRedis } from '../testing/servers/redis.ts'
import { openWorldAt } from './testing/world.ts'

let redis: RedisServer
let postgres: PostgresServer
let databases = 0

beforeAll(async () => {
  redis = await startRedis()
  postgres = await startPostgres({ fsync: 'off' })
  await (await openPostgres({ url: await postgres.createDatabase('made') })).close()
})
afterAll(async () => {
  await redis.process.remove()
  await postgres.process.remove()
})

describeStore('Redis beside SQLite', () => openWorldAt(redis.url))

describeStore('Redis beside PostgreSQL', async () => {
  const name = `test_${databases++}`
  const url = await postgres.createDatabase(name, 'made')
  onTestFinished(() => postgres.dropDatabase(name))
  return await openWorldAt(redis.url, () => openPostgres({ url }))
})
