import { afterAll, beforeAll, onTestFinished } from 'vitest'
import { describeStore } from '../conformance.ts'
import { type PostgresServer, startPostgres } from '../testing/servers/postgres.ts'
import type { Stores } from '../testing/world.ts'
import { REFUSED_FOR_MS } from '../testing/world.ts'
import { createSqlAccountStore } from './account-store.ts'
import type { SqlDatabase } from './database.ts'
import { createSqlKeyStore } from './key-store.ts'
import { openPostgres, type PostgresOptions } from './postgres.ts'
import { createSqlRevocationStore } from './revocation-store.ts'
import { createSqlServiceStore } from './service-store.ts'
import { createSqlSessionStore } from './session-store.ts'

let server: PostgresServer
let databases = 0

beforeAll(async () => {
  server = await startPostgres({ fsync: 'off' })
  await (await openPostgres({ url: await server.createDatabase('made') })).close()
})
afterAll(() => server.process.remove())

describeStore('PostgreSQL', async () => {
  const url = await newDatabase()
  const database = await open({ url })
  return {
    ...storesOf(database),
    openAgain: async () => storesOf(await open({ url })),
    takeAway: () => database.close(),
  }
})

async function newDatabase(): Promise<string> {
  const name = `test_${databases++}`
  const url = await server.createDatabase(name, 'made')
  onTestFinished(() => server.dropDatabase(name))
  return url
}

async function open(options: PostgresOptions): Promise<SqlDatabase> {
  const database = await openPostgres(options)
  onTestFinished(() => database.close())
  return database
}

function storesOf(database: SqlDatabase): Stores {
  return {
    accounts: createSqlAccountStore(database, () => REFUSED_FOR_MS),
    sessions: createSqlSessionStore(database, () => REFUSED_FOR_MS),
    keys: createSqlKeyStore(database),
    services: createSqlServiceStore(database),
    revocations: createSqlRevocationStore(database),
  }
}
