import type { Cluster, Redis } from 'ioredis'
import type { AccountStore } from '../../accounts/store.ts'
import type { RevocationStore } from '../../revocations/store.ts'
import type { SessionStore } from '../../sessions/store.ts'
import type { SqlDatabase } from '../sql/database.ts'
import { createSqlRevocationStore } from '../sql/revocation-store.ts'
import { createRedisAccountStore } from './account-store.ts'
import { createClient } from './client.ts'
import { KeyNames } from './keys.ts'
import { RedisLink } from './link.ts'
import { RevocationNews } from './revocation-news.ts'
import { RedisSessionStore } from './session-store.ts'
import { type Lifetimes, RedisSessions } from './sessions.ts'
import { parseRedisUrl } from './url.ts'
import { UserSessions } from './user-sessions.ts'

export interface RedisStoreSettings extends Lifetimes {
  url: string
  redisPrefix: string
  databaseTimeoutSeconds: number
}

/** What Redis holds, and what SQL holds and Redis has a part in. */
export interface RedisStores {
  accounts: AccountStore
  sessions: SessionStore
  revocations: RevocationStore
  /** For what else is kept in Redis, under names that begin with the same prefix. */
  client: Redis | Cluster
  notices: readonly string[]
  ping(): Promise<void>
  close(): void
}

/** Rejects with `ConfigError` or `StoreUnavailableError`. */
export async function openRedisStores(
  settings: RedisStoreSettings,
  database: SqlDatabase,
  refusedForMs: () => number,
): Promise<RedisStores> {
  const location = parseRedisUrl(settings.url)
  const commandTimeoutMs = settings.databaseTimeoutSeconds * 1000
  const keys = new KeyNames(settings.redisPrefix)
  const link = new RedisLink(createClient(location, commandTimeoutMs))
  const news = new RevocationNews(link.client, createClient(location, commandTimeoutMs), keys.channel)

  function close(): void {
    news.close()
    link.close()
  }

  try {
    await link.call((client) => client.connect())
    await news.start()
  } catch (error) {
    close()
    throw error
  }

  const sessions = new RedisSessions(link, keys, settings)
  const ofUsers = new UserSessions(link, keys, sessions)
  const onLogged = () => news.publish()
  const store = new RedisSessionStore({ database, sessions, ofUsers, refusedForMs, onLogged })
  return {
    accounts: createRedisAccountStore({ database, sessions: store, refusedForMs, onLogged }),
    sessions: store,
    revocations: news.wake(createSqlRevocationStore(database)),
    client: link.client,
    notices: [],
    async ping() {
      await link.call((client) => client.ping())
    },
    close,
  }
}
