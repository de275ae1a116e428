// Where the service under test keeps what it keeps: which of the stores that is, the test's project says.
// It owns making and removing one; what is in it, look.ts tells.
import { createHash, randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { inject, onTestFinished } from 'vitest'
import { queryPostgres, withRedis } from '../../../packages/server/src/stores/testing/servers/by-hand.ts'
import { temporaryFolder } from '../folder.ts'
import { type Servers, TEMPLATE } from './servers.ts'

/** What a service is told of its store. */
export interface TestStore {
  database: string
  redis?: string
  redisPrefix?: string
}

/** An empty store of the test's own, which goes away with it. */
export async function newStore(): Promise<TestStore> {
  switch (inject('store')) {
    case 'sqlite':
      return { database: `sqlite:${join(temporaryFolder(), 'latchkey.db')}` }
    case 'postgres':
      return { database: await newDatabase() }
    case 'redis':
      return { database: await newDatabase(), ...(await newPlaceInRedis()) }
  }
}

/** The same for a service in a process of its own, and for commands. */
export function environmentOf({ database, redis, redisPrefix }: TestStore): Record<string, string> {
  return {
    LATCHKEY_DATABASE_URL: database,
    // Beside a file the service makes one by itself. Whoever shares a database shares this one.
    ...(database.startsWith('sqlite:') ? {} : { LATCHKEY_SECRET: secretFor(database) }),
    ...(redis === undefined ? {} : { LATCHKEY_REDIS_URL: redis }),
    ...(redisPrefix === undefined ? {} : { LATCHKEY_REDIS_PREFIX: redisPrefix }),
  }
}

function secretFor(database: string): string {
  return createHash('sha256').update(database).digest('base64url')
}

/** The store that an environment names, if it names one. */
export function storeIn(environment: Record<string, string>): TestStore | undefined {
  const { LATCHKEY_DATABASE_URL, LATCHKEY_REDIS_URL, LATCHKEY_REDIS_PREFIX } = environment
  if (LATCHKEY_DATABASE_URL === undefined) return undefined
  return {
    database: LATCHKEY_DATABASE_URL,
    ...(LATCHKEY_REDIS_URL === undefined ? {} : { redis: LATCHKEY_REDIS_URL }),
    ...(LATCHKEY_REDIS_PREFIX === undefined ? {} : { redisPrefix: LATCHKEY_REDIS_PREFIX }),
  }
}

/** The file of a store that is one. */
export function fileOf({ database }: TestStore): string {
  if (!database.startsWith('sqlite:')) throw new Error('this test is about the file of SQLite')
  return database.slice('sqlite:'.length)
}

async function newDatabase(): Promise<string> {
  const { postgres, copying } = servers()
  const name = newName()
  await queryPostgres(postgres, `create database ${name} template ${TEMPLATE} ${copying}`)
  onTestFinished(async () => void (await queryPostgres(postgres, `drop database ${name} with (force)`)))
  return Object.assign(new URL(postgres), { pathname: name }).href
}

/**
 * A user of the server who may touch nothing but the keys and channels of one prefix: the service needs no more. What the
 * test leaves there goes with the server.
 */
async function newPlaceInRedis() {
  const { redis } = servers()
  if (redis === null) throw new Error('this project has no Redis')
  const name = newName()
  await withRedis(redis, (client) =>
    client.acl('SETUSER', name, 'on', `>${name}`, '+@all', `~${name}:*`, `&${name}:*`),
  )
  return { redis: Object.assign(new URL(redis), { username: name, password: name }).href, redisPrefix: name }
}

function newName(): string {
  return `latchkey_${randomBytes(8).toString('hex')}`
}

function servers(): Exclude<Servers, { missing: string }> {
  const found = inject('servers')
  if ('missing' in found) throw new Error(found.missing)
  return found
}
