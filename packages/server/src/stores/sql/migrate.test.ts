import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { ConfigError } from '../../errors.ts'
import { queryPostgres } from '../testing/servers/by-hand.ts'
import { signedIn } from '../testing/world.ts'
import type { SqlDatabase } from './database.ts'
import type { DatabaseSchema } from './migrate.ts'
import { migrationsFor } from './migrations.ts'
import { openPostgres, openPostgresSchema } from './postgres.ts'
import { openSqlite, openSqliteSchema } from './sqlite.ts'
import { type PostgresWorld, startPostgresWorld, storesOf } from './testing/postgres-world.ts'

interface Place {
  open(options?: { autoMigrate: boolean }): Promise<SqlDatabase>
  schema(): DatabaseSchema
  run(statement: string): Promise<unknown>
}

let world: PostgresWorld
let count = 0
beforeAll(async () => {
  world = await startPostgresWorld()
})
afterAll(() => world.server.process.remove())

const places: Record<'sqlite' | 'postgres', () => Promise<Place>> = {
  async sqlite() {
    const folder = mkdtempSync(join(tmpdir(), 'latchkey-migrate-'))
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
    const path = join(folder, 'latchkey.db')
    return {
      open: (options) => openSqlite(path, options),
      schema: () => openSqliteSchema(path),
      async run(statement) {
        const database = new DatabaseSync(path)
        database.exec(statement)
        database.close()
      },
    }
  },
  async postgres() {
    const name = `migrate_${count++}`
    const url = await world.server.createDatabase(name)
    onTestFinished(() => world.server.dropDatabase(name))
    return {
      open: (options) => openPostgres({ url, ...options }),
      schema: () => openPostgresSchema({ url }),
      run: (statement) => queryPostgres(url, statement),
    }
  },
}

describe.each(['sqlite', 'postgres'] as const)('the tables of %s', (dialect) => {
  const all = Object.keys(migrationsFor(dialect))
  const last = all.at(-1) as string
  const forgetLast = `drop table ${dialect === 'postgres' ? 'limits' : 'upkeep'}; delete from kysely_migration where name = '${last}'`
  const fromTheFuture = `insert into kysely_migration (name, timestamp) values ('9999-of-a-newer-version', '2030-01-01T00:00:00.000Z')`

  test('are told to be missing, made when asked, and then there', async () => {
    const schema = (await places[dialect]()).schema()
    onTestFinished(() => schema.close())
    expect(await schema.pending()).toEqual(all)
    expect(await schema.migrate()).toEqual(all)
    expect(await schema.pending()).toEqual([])
    expect(await schema.migrate()).toEqual([])
  })

  test('of an older version are not used by a start that may not change them', async () => {
    const { open, run } = await places[dialect]()
    await (await open()).close()
    await run(forgetLast)
    const start = open({ autoMigrate: false })
    await expect(start).rejects.toThrow(ConfigError)
    await expect(start).rejects.toThrow(last)
    await (await open()).close()
    await (await open({ autoMigrate: false })).close()
  })

  test('of a newer version serve an older one too: two versions may run at once', async () => {
    const { open, schema, run } = await places[dialect]()
    await (await open()).close()
    await run(fromTheFuture)
    const database = await open({ autoMigrate: false })
    onTestFinished(() => database.close())
    const { account } = await signedIn(storesOf(database), 1)
    expect(await storesOf(database).accounts.findById(account.id)).toEqual(account)
    const tables = schema()
    onTestFinished(() => tables.close())
    expect(await tables.pending()).toEqual([])
  })

  test('that have seen a newer version and lack a step of this one are given it', async () => {
    const { open, schema, run } = await places[dialect]()
    await (await open()).close()
    await run(`${fromTheFuture}; ${forgetLast}`)
    const tables = schema()
    onTestFinished(() => tables.close())
    expect(await tables.migrate()).toEqual([last])
    expect(await tables.pending()).toEqual([])
  })
})
