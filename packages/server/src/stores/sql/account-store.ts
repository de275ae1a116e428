import type { AccountWithPassword, PasswordHash } from '../../accounts/account.ts'
import type { AccountStore } from '../../accounts/store.ts'
import { idToBytes } from '../../ids.ts'
import type { SqlDatabase } from './database.ts'
import { toAccount } from './rows.ts'
import type { UserRow } from './schema.ts'
import { endSessionsOfUser } from './session-store.ts'

/** @param refusedForMs how long the access tokens of an ended session may live on now: so long its end is told */
export function createSqlAccountStore(database: SqlDatabase, refusedForMs: () => number): AccountStore {
  const { reader } = database
  const users = () => reader.selectFrom('users').selectAll()
  return {
    async create(account, password) {
      return await database.write(async (trx) => {
        const taken = await trx
          .selectFrom('users')
          .select('id')
          .where('email', '=', account.email)
          .executeTakeFirst()
        if (taken !== undefined) return false
        await trx
          .insertInto('users')
          .values({
            id: idToBytes(account.id),
            email: account.email,
            email_verified_at: account.emailVerified ? account.createdAt : null,
            ...passwordColumns(password),
            credential_version: account.credentialVersion,
            roles: JSON.stringify(account.roles),
            created_at: account.createdAt,
            disabled_at: account.disabledAt,
          })
          .execute()
        return true
      })
    },

    async findById(id) {
      const row = await users().where('id', '=', idToBytes(id)).executeTakeFirst()
      return row === undefined ? undefined : toAccount(row)
    },

    async findByIdWithPassword(id) {
      const row = await users().where('id', '=', idToBytes(id)).executeTakeFirst()
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
          .where('id', '=', idToBytes(userId))
          .where('password_phc', '=', from.phc)
          .execute()
      })
    },

    async changePassword({ userId, credentialVersion, password, exceptSessionId, now }) {
      const id = idToBytes(userId)
      return await database.write(async (trx) => {
        const { numUpdatedRows } = await trx
          .updateTable('users')
          .set({ ...passwordColumns(password), credential_version: credentialVersion + 1 })
          .where('id', '=', id)
          .where('credential_version', '=', credentialVersion)
          .executeTakeFirst()
        if (numUpdatedRows === 0n) return null
        const except = exceptSessionId === null ? null : idToBytes(exceptSessionId)
        return await endSessionsOfUser(trx, id, except, {
          reason: 'password_changed',
          now,
          refusedForMs: refusedForMs(),
        })
      })
    },

    async disable(userId, now) {
      const id = idToBytes(userId)
      return await database.write(async (trx) => {
        const { numUpdatedRows } = await trx
          .updateTable('users')
          .set({ disabled_at: now })
          .where('id', '=', id)
          .executeTakeFirst()
        if (numUpdatedRows === 0n) return null
        return await endSessionsOfUser(trx, id, null, {
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
          .where('id', '=', idToBytes(userId))
          .executeTakeFirst()
        return numUpdatedRows > 0n
      })
    },

    async delete(userId, now) {
      const id = idToBytes(userId)
      return await database.write(async (trx) => {
        // Ended first: what is removed can be told to nobody.
        await endSessionsOfUser(trx, id, null, {
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
