// The database servers of one run of the tests on PostgreSQL, or on Redis beside it: each test gets a database of its own there.
// Vitest calls this once per project, before its first test.
import type { TestProject } from 'vitest/node'
import { resolveOptions } from '../../../packages/server/src/config.ts'
import { openStores } from '../../../packages/server/src/stores/open.ts'
import { queryPostgres } from '../../../packages/server/src/stores/testing/servers/by-hand.ts'
import {
  postgresPrograms,
  startPostgres,
} from '../../../packages/server/src/stores/testing/servers/postgres.ts'
import { hasRedis, startRedis } from '../../../packages/server/src/stores/testing/servers/redis.ts'

export type StoreName = 'sqlite' | 'postgres' | 'redis'

/** Where the servers are, or why there are none. */
export type Servers =
  | {
      postgres: string
      /** How a database is copied fastest there: the end of the statement. */
      copying: string
      redis: string | null
    }
  | { missing: string }

declare module 'vitest' {
  interface ProvidedContext {
    store: StoreName
    servers: Servers
  }
}

/** The database that each test's own is a copy of: it has the tables, and nothing in them. */
export const TEMPLATE = 'template_latchkey'

/** Nothing here is to survive the machine: what has to be durable is tested on servers that are set so. */
export const HASTY_POSTGRES = {
  fsync: 'off',
  full_page_writes: 'off',
  synchronous_commit: 'off',
  autovacuum: 'off',
  shared_buffers: '32MB',
  max_connections: '500',
}
export const HASTY_REDIS = { appendonly: 'no' }

export default async function setup({ config, provide }: TestProject): Promise<() => Promise<void>> {
  const needsRedis = config.provide.store === 'redis'
  const missing = missingProgram(needsRedis)
  if (missing !== undefined) {
    if (process.env.CI === 'true') throw new Error(missing)
    provide('servers', { missing })
    return async () => {}
  }
  const [postgres, redis] = await Promise.all([
    startPostgres(HASTY_POSTGRES),
    needsRedis ? startRedis(HASTY_REDIS) : null,
  ])
  await makeTemplate(await postgres.createDatabase(TEMPLATE))
  provide('servers', {
    postgres: postgres.urlOf('postgres'),
    copying: await fastestCopying(postgres.urlOf('postgres')),
    redis: redis?.url ?? null,
  })
  return async () => void (await Promise.all([postgres.process.remove(), redis?.process.remove()]))
}

function missingProgram(needsRedis: boolean): string | undefined {
  if (postgresPrograms() === null) return 'PostgreSQL was not found: apt-get install postgresql'
  if (needsRedis && !hasRedis()) {
    return 'Redis was not found: apt-get install redis-server'
  }
  return undefined
}

/** The files, where it can be asked for: before version 15 there is no other way. */
async function fastestCopying(url: string): Promise<string> {
  const [row] = await queryPostgres(
    url,
    "select current_setting('server_version_num')::int >= 150000 as asks",
  )
  return row?.asks === true ? 'strategy file_copy' : ''
}

async function makeTemplate(database: string): Promise<void> {
  const settings = resolveOptions(
    { url: 'http://localhost', secret: Buffer.alloc(32, 1).toString('base64url'), database },
    false,
  )
  const stores = await openStores(settings, () => 0)
  await stores.close()
}
