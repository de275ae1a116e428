import { DatabaseSync, type SQLInputValue } from 'node:sqlite'
import { idToBytes } from '../../packages/server/src/ids.ts'
import { encodeSession } from '../../packages/server/src/stores/redis/codec.ts'
import { KeyNames } from '../../packages/server/src/stores/redis/keys.ts'
import { toSessionRow } from '../../packages/server/src/stores/sql/rows.ts'
import type { DbId, SessionRow, UserRow } from '../../packages/server/src/stores/sql/schema.ts'
import { createdAtOf, emailOf, PASSWORD_HASH, sessionOf, userIdOf } from './population.ts'
import { pipeInto } from './programs.ts'
import type { Store } from './stores.ts'

const CACHE_KIB = 1_000_000
/** Rows that are handed on as one text. */
const STEP = 1_000
const PREFIX = 'latchkey'
const SECONDS_TO_LIVE = 30 * 86_400

/**
 * Fills the empty, migrated store of a service that is not running: so many accounts, each with one session of `population.ts`. Signing
 * that many in would be hours of password hashing. They arrive in the order of no index, as sign-ins do.
 */
export async function seed(
  { name, postgres, redis }: Store,
  databaseFile: string,
  count: number,
): Promise<void> {
  if (name !== 'postgres') seedSqlite(databaseFile, count, { sessions: name === 'sqlite' })
  if (postgres !== undefined) await seedPostgres(postgres.url, count)
  if (redis !== undefined) await seedRedis(redis.port, count)
}

function seedSqlite(file: string, count: number, { sessions }: { sessions: boolean }): void {
  const database = new DatabaseSync(file)
  try {
    database.exec(`PRAGMA cache_size = -${CACHE_KIB}; PRAGMA synchronous = OFF; BEGIN IMMEDIATE`)
    const first = toSessionRow(sessionOf(0), idToBytes)
    const insertUser = insertion(database, 'users', userRow(0, idToBytes))
    const insertSession = insertion(database, 'sessions', first)
    for (let number = 0; number < count; number++) {
      insertUser(userRow(number, idToBytes))
      if (sessions) insertSession(toSessionRow(sessionOf(number), idToBytes))
    }
    database.exec('COMMIT; PRAGMA wal_checkpoint(TRUNCATE); PRAGMA optimize')
  } finally {
    database.close()
  }
}

function insertion<Row extends object>(database: DatabaseSync, table: string, template: Row) {
  const columns = Object.keys(template) as (keyof Row & string)[]
  const places = columns.map(() => '?').join(', ')
  const statement = database.prepare(`INSERT INTO ${table} (${columns.join(', ')}) VALUES (${places})`)
  return (row: Row) => void statement.run(...columns.map((column) => row[column] as SQLInputValue))
}

async function seedPostgres(url: string, count: number): Promise<void> {
  const itself = (id: string) => id
  await copyInto(url, 'users', count, (number) => userRow(number, itself))
  await copyInto(url, 'sessions', count, (number) => toSessionRow(sessionOf(number), itself))
  // What a server does by itself within a minute or so; `checkpoint`, so that it is not done while somebody measures.
  for (const command of ['vacuum (analyze) users', 'vacuum (analyze) sessions', 'checkpoint']) {
    await pipeInto('psql', ['-Xq', url], [`${command};\n`])
  }
}

async function copyInto(
  url: string,
  table: string,
  count: number,
  rowOf: (number: number) => UserRow | SessionRow,
): Promise<void> {
  const columns = Object.keys(rowOf(0))
  const copy = `\\copy ${table} (${columns.join(', ')}) from pstdin`
  await pipeInto('psql', ['-Xq', '-v', 'ON_ERROR_STOP=1', '-c', copy, url], lines())

  function* lines(): Iterable<string> {
    for (let start = 0; start < count; start += STEP) {
      let text = ''
      for (let number = start; number < Math.min(count, start + STEP); number++) {
        text += `${Object.values(rowOf(number)).map(copied).join('\t')}\n`
      }
      yield text
    }
  }
}

/** The text format of COPY. */
function copied(value: unknown): string {
  if (value === null) return '\\N'
  if (value instanceof Uint8Array) return `\\\\x${Buffer.from(value).toString('hex')}`
  // biome-ignore lint/suspicious/noControlCharactersInRegex: a compacted user agent is made of them
  return String(value).replaceAll(/[\\\x00-\x1f]/g, (character) =>
    character === '\\' ? '\\\\' : `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`,
  )
}

async function seedRedis(port: number, count: number): Promise<void> {
  const keys = new KeyNames(PREFIX)
  const mark = new Uint8Array(6)
  const now = Date.now()
  await pipeInto('redis-cli', ['-p', String(port), '--pipe'], commands())

  function* commands(): Iterable<Uint8Array> {
    for (let start = 0; start < count; start += STEP) {
      const parts: Buffer[] = []
      for (let number = start; number < Math.min(count, start + STEP); number++) {
        const session = sessionOf(number)
        const user = keys.user(session.userId)
        const ttl = String(SECONDS_TO_LIVE)
        const value = encodeSession({ session, credentialVersion: 1 }, mark)
        parts.push(
          command('SET', keys.session(session.id), value, 'EX', ttl),
          command('ZADD', user, String(now * 1000 + number), idToBytes(session.id)),
          command('EXPIRE', user, ttl),
        )
      }
      yield Buffer.concat(parts)
    }
  }
}

/** RESP, which `redis-cli --pipe` reads. */
function command(...words: (string | Uint8Array)[]): Buffer {
  const bytes = words.map((word) => (typeof word === 'string' ? Buffer.from(word) : word))
  return Buffer.concat([
    Buffer.from(`*${bytes.length}\r\n`),
    ...bytes.flatMap((word) => [Buffer.from(`$${word.length}\r\n`), word, Buffer.from('\r\n')]),
  ])
}

function userRow(number: number, dbId: (id: string) => DbId): UserRow {
  return {
    id: dbId(userIdOf(number)),
    email: emailOf(number),
    email_verified_at: null,
    password_phc: PASSWORD_HASH,
    pepper_id: null,
    credential_version: 1,
    roles: '[]',
    created_at: createdAtOf(number),
    disabled_at: null,
    kept_session_id: null,
  }
}
