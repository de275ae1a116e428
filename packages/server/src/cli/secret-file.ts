import { randomBytes } from 'node:crypto'
import {
  chmodSync,
  existsSync,
  linkSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { ConfigError } from '../errors.ts'

const OTHERS_MAY_READ = 0o077

/**
 * The secret of a development service: made at the first start and kept beside the database, for its user's eyes only.
 * Of several processes that start at once, all get the same one.
 */
export function developmentSecret(databasePath: string): string {
  const path = join(dirname(databasePath), 'secret')
  try {
    if (!existsSync(path)) make(path)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    const problem = `cannot be made (${code}): the database needs a folder that can be written, see LATCHKEY_DATABASE_URL`
    throw new ConfigError([{ setting: path, problem }])
  }
  if (process.platform !== 'win32' && (statSync(path).mode & OTHERS_MAY_READ) !== 0) {
    throw new ConfigError([{ setting: path, problem: `can be read by others. Run: chmod 600 ${path}` }])
  }
  return readFileSync(path, 'utf8').trim()
}

function make(path: string): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  const draft = `${path}.${process.pid}.${randomBytes(6).toString('hex')}`
  writeFileSync(draft, `${randomBytes(32).toString('base64url')}\n`, { mode: 0o600, flag: 'wx' })
  chmodSync(draft, 0o600)
  try {
    // A link appears whole or not at all, and never replaces a secret that another process has just made.
    linkSync(draft, path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  } finally {
    rmSync(draft)
  }
}
