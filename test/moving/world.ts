// A service on a file that is about to move, and the PostgreSQL server that it moves to.
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { DatabaseSync, type SQLInputValue } from 'node:sqlite'
import { afterAll, beforeAll, beforeEach, onTestFinished } from 'vitest'
import { queryPostgres } from '../../packages/server/src/stores/testing/servers/by-hand.ts'
import {
  type PostgresServer,
  postgresPrograms,
  startPostgres,
} from '../../packages/server/src/stores/testing/servers/postgres.ts'
import { type Ended, latchkey } from '../cli/run.ts'
import { temporaryFolder } from '../support/auth.ts'
import { type Service, startService } from '../support/service.ts'

const ORIGIN = 'http://localhost:4000'

export interface Place {
  path: string
  /** Of the empty database. */
  to: string
  /** What services on either side are started with, but for the database. */
  common: Record<string, string>
  move(...flags: string[]): Promise<Ended>
  onFile(): Promise<Service>
  onPostgres(): Promise<Service>
  /** Looks into the file, or changes it, as an operator can. */
  inFile(sql: string, ...values: SQLInputValue[]): Record<string, unknown>[]
  inPostgres(sql: string, values?: unknown[]): Promise<Record<string, unknown>[]>
  /** The environment of commands on the file. */
  environment: Record<string, string>
}

let server: PostgresServer | undefined

/** One server for all tests of the file that calls it at its top; where there is none to start, they are skipped. */
export function startTargets(): void {
  const missing = postgresPrograms() === null
  beforeAll(async () => {
    if (!missing) server = await startPostgres()
  })
  afterAll(async () => await server?.process.remove())
  beforeEach((context) => context.skip(missing, 'PostgreSQL is not installed'))
}

export function targets(): PostgresServer {
  if (server === undefined) throw new Error('no server was started')
  return server
}

export async function newPlace(): Promise<Place> {
  const path = join(temporaryFolder(), 'latchkey.db')
  const to = await targets().createDatabase(`moved_${randomBytes(6).toString('hex')}`)
  const common = { LATCHKEY_SECRET: randomBytes(32).toString('base64url'), LATCHKEY_URL: ORIGIN }
  const environment = { ...common, LATCHKEY_DATABASE_URL: `sqlite:${path}` }
  return {
    path,
    to,
    common,
    environment,
    move: (...flags) => latchkey(['move', '--to', to, ...flags], { environment }),
    onFile: () => startService(environment),
    onPostgres: () => startService({ ...common, LATCHKEY_DATABASE_URL: to }),
    inFile(sql, ...values) {
      const database = new DatabaseSync(path, { timeout: 5_000 })
      try {
        return database.prepare(sql).all(...values)
      } finally {
        database.close()
      }
    },
    inPostgres: (sql, values = []) => queryPostgres(to, sql, values),
  }
}

/** Fills the file with users and sessions that nobody uses, so that a move takes its time. */
export function fill({ path }: Place, count: number): void {
  const database = new DatabaseSync(path, { timeout: 5_000 })
  onTestFinished(() => {
    if (database.isOpen) database.close()
  })
  database.exec(`
    begin immediate;
    with recursive numbers(n) as (select 1 union all select n + 1 from numbers where n < ${count})
    insert into users (id, email, credential_version, roles, created_at)
      select randomblob(16), 'filler' || n || '@example.com', 1, '[]', 1700000000000 from numbers;
    insert into sessions (id, user_id, client, seed, generation, created_at, last_used_at, expires_at, attempts, ip, user_agent)
      select randomblob(16), id, 'native', randomblob(32), 7, 1700000000000, 1700000000000, 4000000000000,
        zeroblob(88), null, 'a "quoted" \\ agent, {with} braces, naïve – and more' from users where email like 'filler%';
    commit;`)
  database.close()
}
