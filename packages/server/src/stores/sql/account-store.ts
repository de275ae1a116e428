import type { Account, AccountWithPassword, PasswordHash } from '../../accounts/account.ts'
import type { AccountStore } from '../../accounts/store.ts'
import type { SqlDatabase } from './database.ts'
import { toAccount, toId } from './rows.ts'
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
  const toRow = (account: Account, password: PasswordHash | null): UserRow => ({
    id: dbId(account.id),
    email: account.email,
    email_verified_at: account.emailVerified ? account.createdAt : null,
    ...passwordColumns(password),
    credential_version: account.credentialVersion,
    roles: JSON.stringify(account.roles),
    created_at: account.createdAt,
    disabled_at: account.disabledAt,
    kept_session_id: null,
  })
  return {
    async create(account, password) {
      return await database.write(async (trx) => {
        const { numInsertedOrUpdatedRows } = await trx
          .insertInto('users')
          .values(toRow(account, password))
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

    async count() {
      const { count } = await reader
        .selectFrom('users')
        .select((eb) => eb.fn.countAll<number>().as('count'))
        .executeTakeFirstOrThrow()
      return Number(count)
    },

    async listAfter(id, limit) {
      const behind = id === null ? users() : users().where('id', '>', dbId(id))
      return (await behind.orderBy('id').limit(limit).execute()).map(withPassword)
    },

    async findAny(ids, emails) {
      if (ids.length + emails.length === 0) return []
      const rows = await users()
        .where((eb) =>
          eb.or([
            ...(ids.length > 0 ? [eb('id', 'in', ids.map(dbId))] : []),
            ...(emails.length > 0 ? [eb('email', 'in', emails)] : []),
          ]),
        )
        .execute()
      return rows.map(withPassword)
    },

    async addMany(accounts) {
      if (accounts.length === 0) return new Set()
      const rows = accounts.map(({ account, password }) => toRow(account, password))
      const added = await database.write((trx) =>
        trx
          .insertInto('users')
          .values(rows)
          .onConflict((conflict) => conflict.doNothing())
          .returning('id')
          .execute(),
      )
      return new Set(added.map(({ id }) => toId(id)))
    },

    async amendMany(amendments) {
      await database.write(async (trx) => {
        for (const { id, email, emailVerified, roles, password, now } of amendments) {
          const account = trx.updateTable('users').where('id', '=', dbId(id))
          const { numUpdatedRows } = await account
            .set((eb) => ({
              email,
              email_verified_at: emailVerified ? eb.fn.coalesce('email_verified_at', eb.val(now)) : null,
              roles: JSON.stringify(roles),
            }))
            .where(({ not, exists, selectFrom }) =>
              not(
                exists(
                  selectFrom('users as other')
                    .select('other.id')
                    .where('other.email', '=', email)
                    .where('other.id', '!=', dbId(id)),
                ),
              ),
            )
            .executeTakeFirst()
          if (numUpdatedRows === 0n || password === null) continue
          await account.set(passwordColumns(password)).where('pepper_id', 'is', null).execute()
        }
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
