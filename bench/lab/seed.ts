import { createSecretKey, randomBytes, randomUUID } from 'node:crypto'
import { DatabaseSync, type SQLInputValue } from 'node:sqlite'
import { idToBytes } from '../../packages/server/src/ids.ts'
import { deriveKey } from '../../packages/server/src/keys/seal.ts'
import { createRefreshTokens } from '../../packages/server/src/sessions/refresh-token.ts'

type Row = Record<string, SQLInputValue>

/**
 * Copies the one user and the one session of a database until it holds `count` of each, and returns the refresh
 * tokens of the copies. Signing that many in would be hours of password hashing.
 *
 * @param secret the service's `LATCHKEY_SECRET`
 */
export function copySessions(databaseFile: string, secret: string, count: number): string[] {
  const tokens = createRefreshTokens([
    deriveKey(createSecretKey(Buffer.from(secret, 'base64url')), 'refresh-token'),
  ])
  const database = new DatabaseSync(databaseFile)
  try {
    const user = database.prepare('SELECT * FROM users').get() as Row
    const session = database.prepare('SELECT * FROM sessions').get() as Row
    const insertUser = insertion(database, 'users', user)
    const insertSession = insertion(database, 'sessions', session)
    database.exec('BEGIN IMMEDIATE')
    const issued = Array.from({ length: count - 1 }, (_, number) => {
      const userId = randomBytes(16)
      const id = randomUUID()
      const seed = randomBytes(16)
      insertUser({ ...user, id: userId, email: `copy-${number}@example.com` })
      insertSession({ ...session, id: idToBytes(id), user_id: userId, seed })
      return tokens.issue({ id, seed }, Number(session.generation))
    })
    database.exec('COMMIT')
    return issued
  } finally {
    database.close()
  }
}

function insertion(database: DatabaseSync, table: string, template: Row): (row: Row) => void {
  const columns = Object.keys(template)
  const places = columns.map(() => '?').join(', ')
  const statement = database.prepare(`INSERT INTO ${table} (${columns.join(', ')}) VALUES (${places})`)
  return (row) => void statement.run(...columns.map((column) => row[column] ?? null))
}
