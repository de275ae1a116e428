import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { describeStore, type Stores } from '../conformance.ts'
import { createSqlAccountStore } from './account-store.ts'
import type { SqlDatabase } from './database.ts'
import { createSqlKeyStore } from './key-store.ts'
import { createSqlSessionStore } from './session-store.ts'
import { openSqlite } from './sqlite.ts'

describeStore('SQLite', async () => {
  const path = join(temporaryFolder(), 'latchkey.db')
  const database = await open(path)
  return {
    ...storesOf(database),
    openAgain: async () => storesOf(await open(path)),
    takeAway: () => database.close(),
  }
})

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-sqlite-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

async function open(path: string): Promise<SqlDatabase> {
  const database = await openSqlite(path)
  onTestFinished(() => database.close())
  return database
}

function storesOf(database: SqlDatabase): Stores {
  return {
    accounts: createSqlAccountStore(database),
    sessions: createSqlSessionStore(database),
    keys: createSqlKeyStore(database),
  }
}
