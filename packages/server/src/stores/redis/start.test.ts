import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { ConfigError, StoreUnavailableError } from '../../errors.ts'
import { aSession } from '../../sessions/testing/sessions.ts'
import { createRedisCounters } from '../limits/redis.ts'
import { withRedis } from '../testing/servers/by-hand.ts'
import { freePort } from '../testing/servers/free-port.ts'
import { type RedisServer, startRedis } from '../testing/servers/redis.ts'
import { LATER, opening, rotationOf, signedIn } from '../testing/world.ts'
import { checkServer } from './server-facts.ts'
import { newWorld } from './testing/world.ts'
import { parseRedisUrl } from './url.ts'

let server: RedisServer

beforeAll(async () => {
  server = await startRedis()
})
afterAll(() => server.process.remove())

async function problemOf(url: string): Promise<unknown> {
  return await newWorld({ url })().then(
    () => undefined,
    (error: unknown) => error,
  )
}

describe('a start', () => {
  test('is refused with STORE_UNAVAILABLE while nobody answers, however Redis is to be reached', async () => {
    const port = await freePort()
    for (const url of [`redis://127.0.0.1:${port}`, `redis+cluster://127.0.0.1:${port}`]) {
      expect(await problemOf(url), url).toBeInstanceOf(StoreUnavailableError)
    }
    const open = newWorld({ url: `redis+sentinel://127.0.0.1:${port}/main`, databaseTimeoutSeconds: 1 })
    await expect(open()).rejects.toThrow(StoreUnavailableError)
  })

  test('names the setting, and never the password, where Redis asks for another one', async () => {
    const guarded = await startRedis()
    onTestFinished(() => guarded.process.remove())
    await withRedis(guarded.url, (redis) => redis.config('SET', 'requirepass', 'right'))
    for (const user of ['', ':wrong-secret@', 'bob:wrong-secret@']) {
      for (const form of ['redis', 'redis+cluster']) {
        const error = await problemOf(`${form}://${user}127.0.0.1:${guarded.port}`)
        expect(error, form + user).toBeInstanceOf(ConfigError)
        expect(String(error)).toContain('LATCHKEY_REDIS_URL')
        expect(String(error)).not.toContain('secret')
      }
    }
    expect(await problemOf(`redis://:right@127.0.0.1:${guarded.port}`)).toBeUndefined()
  })

  test('says why there is no connection, and not only that there is none', async () => {
    const port = await freePort()
    const error = (await problemOf(`redis://127.0.0.1:${port}`)) as StoreUnavailableError
    expect(String(error.cause)).toContain(`no connection to Redis: connect ECONNREFUSED 127.0.0.1:${port}`)
  })

  test('is refused for a database that Redis does not have: it would be in another one', async () => {
    expect(String(await problemOf(`redis://127.0.0.1:${server.port}/99`))).toContain(
      'names a database whose number',
    )
  })

  test('is refused for a user who may read, and not write or run scripts', async () => {
    const guarded = await startRedis()
    onTestFinished(() => guarded.process.remove())
    const commands = { reader: ['+@read', '+@connection'], writer: ['+@all', '-@scripting'] }
    for (const [user, rights] of Object.entries(commands)) {
      await withRedis(guarded.url, (redis) =>
        redis.call('ACL', 'SETUSER', user, 'on', '>secret', '~*', '&*', ...rights),
      )
      const error = await problemOf(`redis://${user}:secret@127.0.0.1:${guarded.port}`)
      expect(error, user).toBeInstanceOf(ConfigError)
      expect(String(error)).toContain('without the rights')
      expect(String(error)).not.toContain('secret')
    }
  })

  test('says which form the URL needs for a cluster, and for what is none', async () => {
    expect(String(await problemOf(`redis+cluster://127.0.0.1:${server.port}`))).toContain('names no cluster')
    const node = await startRedis({ 'cluster-enabled': 'yes' })
    onTestFinished(() => node.process.remove())
    expect(String(await problemOf(node.url))).toContain('redis+cluster://')
  })

  test('is refused for a Redis older than 7', () => {
    const location = parseRedisUrl('redis://cache')
    expect(() => checkServer(new Map([['redis_version', '6.2.14']]), location)).toThrow('6.2.14')
    expect(() => checkServer(new Map([['redis_version', '7.0.0']]), location)).not.toThrow()
    expect(() => checkServer(new Map([['redis_version', '10.1.0']]), location)).not.toThrow()
  })
})

describe('what Redis may lose is said at the start', () => {
  async function noticesWith(settings: Record<string, string>): Promise<string[]> {
    const other = await startRedis(settings)
    onTestFinished(() => other.process.remove())
    return [...(await newWorld({ url: other.url })()).notices]
  }

  test('nothing of one that writes everything to its disk', async () => {
    expect([...(await newWorld({ url: server.url })()).notices]).toEqual([])
  })

  test('appendonly off', async () => {
    expect(await noticesWith({ appendonly: 'no' })).toEqual([expect.stringContaining('appendonly off')])
  })

  test('appendfsync everysec, and a policy that evicts', async () => {
    expect(await noticesWith({ appendfsync: 'everysec', 'maxmemory-policy': 'allkeys-lru' })).toEqual([
      expect.stringContaining('appendfsync everysec'),
      expect.stringContaining('allkeys-lru'),
    ])
  })

  test('settings that are not for us to see: it works without them', async () => {
    const guarded = await startRedis()
    onTestFinished(() => guarded.process.remove())
    await withRedis(guarded.url, (redis) =>
      redis.call('ACL', 'SETUSER', 'latchkey', 'on', '>secret', '~*', '&*', '+@all', '-config', '-info'),
    )
    const world = await newWorld({ url: `redis://latchkey:secret@127.0.0.1:${guarded.port}` })()
    expect(world.notices).toEqual([expect.stringContaining('does not let its settings be seen')])
  })
})

test('the rights that the guide names are enough for everything', async () => {
  const guarded = await startRedis()
  onTestFinished(() => guarded.process.remove())
  const guide = readFileSync(new URL('../../../../../docs/guide/redis.md', import.meta.url), 'utf8')
  const [, rule] = /^ACL (SETUSER latchkey .+)$/m.exec(guide) as unknown as [string, string]
  await withRedis(guarded.url, (redis) =>
    redis.call('ACL', ...rule.replace('>PASSWORD', '>secret').split(' ')),
  )
  const url = `redis://latchkey:secret@127.0.0.1:${guarded.port}`
  const world = await newWorld({ url, redisPrefix: 'latchkey' })()
  expect(world.notices).toEqual([])
  const { account, opened } = await signedIn(world, 3)
  expect(await world.sessions.rotateMany(opened.map((session) => rotationOf(session)))).toEqual([
    true,
    true,
    true,
  ])
  const room = await world.sessions.open(opening(aSession({ userId: account.id }), { maxSessions: 3 }))
  expect(room.opened && room.endedIds).toHaveLength(1)
  expect(await world.sessions.endOpenedBefore(LATER, 'revoked_by_operator', LATER)).toBe(3)
  const counters = createRedisCounters(world.client, 'latchkey')
  expect(await counters.add('x', 2, 60)).toMatchObject({ total: 2 })
  await world.ping()
  let heard = 0
  onTestFinished(world.revocations.watch(() => heard++))
  await withRedis(guarded.url, (redis) => redis.publish('latchkey:revocations', ''))
  await expect.poll(() => heard).toBeGreaterThan(0)
})

describe('TLS', () => {
  test('is spoken with a server whose certificate the named authority has signed, and with no other', async () => {
    const { folder, ca } = makeCertificate()
    const tlsPort = await freePort()
    const secured = await startRedis({
      'tls-port': String(tlsPort),
      'tls-cert-file': join(folder, 'cert.pem'),
      'tls-key-file': join(folder, 'key.pem'),
      'tls-ca-cert-file': ca,
      'tls-auth-clients': 'no',
    })
    onTestFinished(() => secured.process.remove())
    expect(await problemOf(`rediss://localhost:${tlsPort}?tls_ca=${ca}`)).toBeUndefined()
    expect(await problemOf(`rediss://localhost:${tlsPort}`)).toBeInstanceOf(StoreUnavailableError)
  })
})

/** A certificate for localhost that has signed itself. */
function makeCertificate(): { folder: string; ca: string } {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-tls-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const request =
    'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 1 -keyout key.pem -out cert.pem'
  const name = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost']
  execFileSync('openssl', [...request.split(' '), ...name], { cwd: folder, stdio: 'ignore' })
  return { folder, ca: join(folder, 'cert.pem') }
}
