import { afterAll, beforeAll } from 'vitest'
import { describeStore } from '../conformance.ts'
import { type RedisServer, startRedis } from '../testing/servers/redis.ts'
import { openWorldAt } from './testing/world.ts'

let server: RedisServer

beforeAll(async () => {
  server = await startRedis()
})
afterAll(() => server.process.remove())

describeStore('Redis', () => openWorldAt(server.url))
