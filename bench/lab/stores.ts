import { randomBytes } from 'node:crypto'
import {
  type PostgresServer,
  startPostgres,
} from '../../packages/server/src/stores/testing/servers/postgres.ts'
import { type RedisServer, startRedis } from '../../packages/server/src/stores/testing/servers/redis.ts'

export const STORES = ['sqlite', 'postgres', 'redis'] as const
export type StoreName = (typeof STORES)[number]
export const STORE_NAMES: Readonly<Record<StoreName, string>> = {
  sqlite: 'SQLite',
  postgres: 'PostgreSQL',
  redis: 'Redis',
}

/** Where a service keeps its sessions, on servers of its own that are as durable as they can be. */
export interface Store {
  name: StoreName
  /** The settings that name it; none for the service's own SQLite file. */
  env: Readonly<Record<string, string>>
  pids: readonly number[]
  postgres?: { server: PostgresServer; url: string }
  redis?: RedisServer
  remove(): Promise<void>
}

const running = new Set<Promise<Store>>()

/**
 * PostgreSQL as it comes, `fsync` on; Redis with every write in its log before the answer, and SQLite for the users. Or neither, where
 * nothing is to survive the machine and time is not measured.
 */
export function startStore(name: StoreName, { durable } = { durable: true }): Promise<Store> {
  const starting = start(name, durable)
  running.add(starting)
  return starting
}

/** For who leaves in the middle: also what is just being started. */
export async function removeStores(): Promise<void> {
  const started = await Promise.allSettled(running)
  await Promise.all(started.map((one) => (one.status === 'fulfilled' ? one.value.remove() : undefined)))
}

async function start(name: StoreName, durable: boolean): Promise<Store> {
  switch (name) {
    case 'sqlite':
      return { name, env: {}, pids: [], async remove() {} }
    case 'postgres': {
      const server = await startPostgres(durable ? {} : { fsync: 'off', synchronous_commit: 'off' })
      const url = await server.createDatabase('latchkey')
      return {
        name,
        env: { LATCHKEY_DATABASE_URL: url, LATCHKEY_SECRET: newSecret() },
        pids: [server.process.pid!],
        postgres: { server, url },
        remove: () => server.process.remove(),
      }
    }
    case 'redis': {
      const redis = await startRedis(durable ? {} : { appendonly: 'no' })
      return {
        name,
        env: { LATCHKEY_REDIS_URL: redis.url },
        pids: [redis.process.pid!],
        redis,
        remove: () => redis.process.remove(),
      }
    }
  }
}

/** Made once and handed to every start that is to read the same sessions: beside PostgreSQL no file keeps it. */
function newSecret(): string {
  return randomBytes(32).toString('base64url')
}
