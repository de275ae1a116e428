import { spawnSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { startRedis } from '../../packages/server/src/stores/testing/servers/redis.ts'
import { refresh } from '../refresh/client.ts'
import { over, signUpAt } from '../refresh/over-http.ts'
import { temporaryFolder } from '../support/auth.ts'
import { startService } from '../support/service.ts'

const SLEEPERS = 'the database holds sessions from before Redis'

test('a start with Redis on a database with sessions says that their users sign in once more; without them it says nothing', async (context) => {
  context.skip(spawnSync('redis-server', ['--version']).error !== undefined, 'Redis is not installed')
  const redis = await startRedis()
  try {
    const place = {
      LATCHKEY_DATABASE_URL: `sqlite:${temporaryFolder()}/latchkey.db`,
      LATCHKEY_URL: 'http://localhost:4000',
    }
    const withRedis = { ...place, LATCHKEY_REDIS_URL: `redis://127.0.0.1:${redis.port}` }
    const empty = await startService(withRedis)
    await empty.stop()
    expect(empty.output()).not.toContain(SLEEPERS)

    const before = await startService(place)
    const device = await signUpAt(before.url, 'native')
    await before.stop()
    expect(before.output()).not.toContain(SLEEPERS)
    const after = await startService(withRedis)
    expect((await refresh(over(after.url), 'native', device.refreshToken)).body.error).toBe('REFRESH_INVALID')
    await after.stop()
    expect(after.output()).toContain(SLEEPERS)
  } finally {
    await redis.process.remove()
  }
}, 60_000)
