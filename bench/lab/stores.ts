import { randomBytes } from 'node:crypto'
import {
  type PostgresServer,
  startPostgres,
} from '../../packages/server/src/stores/testing/servers/postgres.ts'
import { type RedisServer, startRedis } from '../../packages/server/src/stores/testing/servers/redis.ts'
import type { ServerProcess } from '../../packages/server/src/stores/testing/servers/server-process.ts'

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

const running = new Set<ServerProcess>()

/**
 * PostgreSQL as it comes, `fsync` on; Redis with every write in its log before the answer, and SQLite for the users. Or neither, where
 * nothing is to survive the machine and time is not measured.
 */
export async function startStore(name: StoreName, { durable } = { durable: true }): Promise<Store> {
  switch (name) {
    case 'sqlite':
      return { name, env: {}, pids: [], async remove() {} }
    case 'postgres': {
      const server = await startPostgres(durable ? {} : { fsync: 'off', synchronous_commit: 'off' })
      running.add(server.process)
      const url = await server.createDatabase('latchkey')
      return {
        ...{
          name,
          env: { LATCHKEY_DATABASE_URL: url, LATCHKEY_SECRET: newSecret() },
          pids: [server.process.pid!],
        },
        postgres: { server, url },
        remove: () => remove(server.process),
      }
    }
    case 'redis': {
      const redis = await startRedis(durable ? {} : { appendonly: 'no' })
      running.add(redis.process)
      return {
        ...{ name, env: { LATCHKEY_REDIS_URL: redis.url }, pids: [redis.process.pid!], redis },
        remove: () => remove(redis.process),
      }
    }
  }
}

async function remove(server: ServerProcess): Promise<void> {
  running.delete(server)
  await server.remove()
}

/** For who leaves in the middle. */
export async function removeStores(): Promise<void> {
  await Promise.all([...running].map(remove))
}

/** Made once and handed to every start that is to read the same sessions: beside PostgreSQL no file keeps it. */
function newSecret(): string {
  return randomBytes(32).toString('base64url')
}
