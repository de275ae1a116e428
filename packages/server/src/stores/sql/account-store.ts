import type { AccountWithPassword, PasswordHash } from '../../accounts/account.ts'
import type { AccountStore } from '../../accounts/store.ts'
import type { SqlDatabase } from './database.ts'
import { toAccount } from './rows.ts'
import type { UserRow } from './schema.ts'
import { endSessionsOfUser } from './session-store.ts'

/**
 * @param refusedForMs how long the access tokens of an ended session may live on now: so long its end is told
 * @param endSessions what a change of the account does to its sessions, in the same transaction
 */
export function createSqlAccountStore(
  database: SqlDatabase,
  refusedForMs: () => number,
  endSessions: typeof endSessionsOfUser = endSessionsOfUser,
): AccountStore {
  const { reader, dbId } = database
  const users = () => reader.selectFrom('users').selectAll()
  return {
    async create(account, password) {
      return await database.write(async (trx) => {
        const { numInsertedOrUpdatedRows } = await trx
          .insertInto('users')
          .values({
            id: dbId(account.id),
            email: account.email,
            email_verified_at: account.emailVerified ? account.createdAt : null,
            ...passwordColumns(password),
            credential_version: account.credentialVersion,
            roles: JSON.stringify(account.roles),
            created_at: account.createdAt,
            disabled_at: account.disabledAt,
          })
          .onConflict((conflict) => conflict.column('email').doNothing())
          .executeTakeFirst()
        return numInsertedOrUpdatedRows === 1n
      })
    },

    async findById(id) {
      const row = await users().where('id', '=', dbId(id)).executeTakeFirst()
      return row === undefined ? undefined : toAccount(row)
    },

    async findByIdWithPassword(id) {
      const row = await users().where('id', '=', dbId(id)).executeTakeFirst()
      return row === undefined ? undefined : withPassword(row)
    },

    async findByEmail(email) {
      const row = await users().where('email', '=', email).executeTakeFirst()
      return row === undefined ? undefined : withPassword(row)
    },

    async rehash(userId, from, to) {
      await database.write(async (trx) => {
        await trx
          .updateTable('users')
          .set(passwordColumns(to))
          .where('id', '=', dbId(userId))
          .where('password_phc', '=', from.phc)
          .execute()
      })
    },

    async changePassword({ userId, credentialVersion, password, exceptSessionId, now }) {
      const id = dbId(userId)
      return await database.write(async (trx) => {
        const { numUpdatedRows } = await trx
          .updateTable('users')
          .set({
            ...passwordColumns(password),
            credential_version: credentialVersion + 1,
            kept_session_id: exceptSessionId === null ? null : dbId(exceptSessionId),
          })
          .where('id', '=', id)
          .where('credential_version', '=', credentialVersion)
          .executeTakeFirst()
        if (numUpdatedRows === 0n) return null
        return await endSessions(database, trx, userId, exceptSessionId, {
          reason: 'password_changed',
          now,
          refusedForMs: refusedForMs(),
        })
      })
    },

    async disable(userId, now) {
      const id = dbId(userId)
      return await database.write(async (trx) => {
        const { numUpdatedRows } = await trx
          .updateTable('users')
          // What is being opened meanwhile is refused too, and for good: it was opened for an earlier version.
          .set((eb) => ({
            disabled_at: now,
            credential_version: eb('credential_version', '+', 1),
            kept_session_id: null,
          }))
          .where('id', '=', id)
          .executeTakeFirst()
        if (numUpdatedRows === 0n) return null
        return await endSessions(database, trx, userId, null, {
          reason: 'account_disabled',
          now,
          refusedForMs: refusedForMs(),
        })
      })
    },

    async enable(userId) {
      return await database.write(async (trx) => {
        const { numUpdatedRows } = await trx
          .updateTable('users')
          .set({ disabled_at: null })
          .where('id', '=', dbId(userId))
          .executeTakeFirst()
        return numUpdatedRows > 0n
      })
    },

    async delete(userId, now) {
      const id = dbId(userId)
      return await database.write(async (trx) => {
        // A sign-in that is under way waits, and finds no account then.
        if (database.locksRows) {
          await trx.selectFrom('users').select('id').where('id', '=', id).forUpdate().execute()
        }
        // Ended first: what is removed can be told to nobody.
        await endSessions(database, trx, userId, null, {
          reason: 'account_disabled',
          now,
          refusedForMs: refusedForMs(),
        })
        await trx.deleteFrom('sessions').where('user_id', '=', id).execute()
        const { numDeletedRows } = await trx.deleteFrom('users').where('id', '=', id).executeTakeFirst()
        return numDeletedRows > 0n
      })
    },
  }
}

function withPassword(row: UserRow): AccountWithPassword {
  const { password_phc: phc, pepper_id: pepperId } = row
  return { account: toAccount(row), password: phc === null ? null : { phc, pepperId } }
}

function passwordColumns(password: PasswordHash | null): Pick<UserRow, 'password_phc' | 'pepper_id'> {
  return { password_phc: password?.phc ?? null, pepper_id: password?.pepperId ?? null }
}
