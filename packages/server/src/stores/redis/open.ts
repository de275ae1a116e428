// Sessions in Redis, of accounts in SQL.
// It decides nothing: the rules are in the features' rules.ts. Users, keys and the log of revocations are sql's; counts are limits'.
import type { Cluster, Redis } from 'ioredis'
import type { AccountStore } from '../../accounts/store.ts'
import type { RevocationStore } from '../../revocations/store.ts'
import type { SessionStore } from '../../sessions/store.ts'
import type { Clock } from '../../time.ts'
import type { SqlDatabase } from '../sql/database.ts'
import { createSqlRevocationStore } from '../sql/revocation-store.ts'
import { createRedisAccountStore } from './account-store.ts'
import { createClient } from './client.ts'
import { Histories } from './histories.ts'
import { KeyNames } from './keys.ts'
import { RedisLink } from './link.ts'
import { RevocationNews } from './revocation-news.ts'
import { RevokedSessions } from './revoked.ts'
import { checkServer, noticesOf, readFacts } from './server-facts.ts'
import { RedisSessionStore } from './session-store.ts'
import { type Lifetimes, RedisSessions } from './sessions.ts'
import { parseRedisUrl, type RedisLocation, wrong } from './url.ts'
import { UserSessions } from './user-sessions.ts'

const PING_LIFE_MS = 1_000

export interface RedisStoreSettings extends Lifetimes {
  url: string
  redisPrefix: string
  databaseTimeoutSeconds: number
  now: Clock
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
  const listener = new RedisLink(createClient(location, commandTimeoutMs))

  const sessions = new RedisSessions(link, keys, settings)
  const ofUsers = new UserSessions(link, keys, sessions)
  const news = new RevocationNews(link, listener, keys.channel)
  const revocations = news.wake(createSqlRevocationStore(database))
  const revoked = new RevokedSessions({ log: revocations, sessions, now: settings.now })
  const histories = new Histories(link, () => revoked.applyAgain())
  const onLogged = () => news.publish()
  const store = new RedisSessionStore({ database, sessions, ofUsers, revoked, refusedForMs, onLogged })

  function close(): void {
    histories.stop()
    revoked.stop()
    for (const each of [link, listener]) each.close()
  }

  try {
    await link.connect(commandTimeoutMs)
    await listener.connect(commandTimeoutMs)
    const notices = await meetServers(link, location)
    await checkRights(link, keys)
    // Before any session is served: what has ended stays ended, whatever Redis has kept.
    await revoked.start()
    await histories.start()
    return {
      accounts: createRedisAccountStore({ database, sessions: store, refusedForMs, onLogged }),
      sessions: store,
      revocations,
      client: link.client,
      notices,
      async ping() {
        await link.call(async () => Promise.all((await link.masters()).map((master) => master.ping())))
        // Some that answer take no writes: a replica, a full one, one that cannot save.
        await link.call((client) => client.set(keys.ping, '', 'PX', PING_LIFE_MS))
      },
      close,
    }
  } catch (error) {
    close()
    throw error
  }
}

/** What can be seen of them, each once. Throws a `ConfigError` for one that cannot serve us. */
async function meetServers(link: RedisLink, location: RedisLocation): Promise<string[]> {
  const notices = new Set<string>()
  for (const master of await link.masters()) {
    const facts = await link.call(() => readFacts(master))
    checkServer(facts, location)
    for (const notice of await noticesOf(master, facts, location)) notices.add(notice)
  }
  return [...notices]
}

/** Throws a `ConfigError` where the user may not do what every sign-in and every refresh does. */
async function checkRights(link: RedisLink, keys: KeyNames): Promise<void> {
  const checks = [
    (client: RedisLink['client']) => client.set(keys.ping, '', 'PX', PING_LIFE_MS),
    (client: RedisLink['client']) => client.eval('return 1', 1, keys.ping),
  ]
  for (const check of checks) {
    const refusal = await link.call(check).then(
      () => '',
      // One that takes no writes just now may do so later.
      (error: Error) => (error.cause instanceof Error ? error.cause.message : ''),
    )
    if (refusal.startsWith('NOPERM')) throw wrong(`has a user without the rights that it needs (${refusal})`)
  }
}
