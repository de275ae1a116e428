import type { AccountStore } from '../../accounts/store.ts'
import { StoreUnavailableError } from '../../errors.ts'
import { revocationsOf } from '../../revocations/store.ts'
import type { Session } from '../../sessions/session.ts'
import { createSqlAccountStore } from '../sql/account-store.ts'
import type { SqlDatabase } from '../sql/database.ts'
import { appendRevocations } from '../sql/revocation-store.ts'
import type { Ending, RedisSessionStore } from './session-store.ts'

interface RedisAccountStoreDependencies {
  database: SqlDatabase
  sessions: RedisSessionStore
  refusedForMs: () => number
  onLogged: () => void
}

/** The accounts, which are in SQL; what ends sessions also ends those in Redis. */
export function createRedisAccountStore({
  database,
  sessions,
  refusedForMs,
  onLogged,
}: RedisAccountStoreDependencies): AccountStore {
  const accounts = createSqlAccountStore(database, refusedForMs)

  /** The account store whose changes write into the log, in the same transaction, that these sessions end. */
  const ending = (live: readonly Session[]) =>
    createSqlAccountStore(database, refusedForMs, async (_, trx, _userId, _except, { now, refusedForMs }) => {
      await appendRevocations(database, trx, revocationsOf(live, now, refusedForMs))
      return []
    })

  /** The account has changed: its sessions are over, and here they are told so. */
  async function endInRedis(
    userId: string,
    live: readonly Session[],
    { except, ...end }: Ending & { except: string | null },
  ): Promise<string[]> {
    onLogged()
    try {
      const ended = await sessions.endLogged(live, end)
      // Those that were opened between the look and the change.
      return [...ended, ...(await sessions.endByUser(userId, { except, ...end }))]
    } catch (error) {
      if (!(error instanceof StoreUnavailableError)) throw error
      return live.map(({ id }) => id)
    }
  }

  return {
    ...accounts,

    async changePassword(change) {
      const { userId, exceptSessionId: except, now } = change
      const live = await sessions.liveOf(userId, except)
      if ((await ending(live).changePassword(change)) === null) return null
      return await endInRedis(userId, live, { except, reason: 'password_changed', now })
    },

    async disable(userId, now) {
      const live = await sessions.liveOf(userId, null)
      if ((await ending(live).disable(userId, now)) === null) return null
      return await endInRedis(userId, live, { except: null, reason: 'account_disabled', now })
    },

    async delete(userId, now) {
      const live = await sessions.liveOf(userId, null)
      if (!(await ending(live).delete(userId, now))) return false
      await endInRedis(userId, live, { except: null, reason: 'account_disabled', now })
      // What of it cannot be removed now is nobody's, and leaves by itself.
      await sessions.forgetUser(userId, live).catch(() => {})
      return true
    },
  }
}
