import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { ConfigError } from '../errors.ts'
import { developmentSecret } from './secret-file.ts'

function emptyFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-secret-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  return folder
}

test('the secret is made at the first start, 32 random bytes, and is the same from then on', () => {
  const folder = emptyFolder()
  const secret = developmentSecret(join(folder, 'latchkey.db'))
  expect(Buffer.from(secret, 'base64url')).toHaveLength(32)
  expect(developmentSecret(join(folder, 'latchkey.db'))).toBe(secret)
  expect(readFileSync(join(folder, 'secret'), 'utf8')).toBe(`${secret}\n`)
  expect(readdirSync(folder), 'no draft is left').toEqual(['secret'])
  expect(developmentSecret(join(emptyFolder(), 'latchkey.db'))).not.toBe(secret)
})

test('only its user can read it, whatever the umask, nor can others look into a folder made for it', () => {
  const before = process.umask(0)
  onTestFinished(() => void process.umask(before))
  const folder = join(emptyFolder(), 'data', 'deeper')
  developmentSecret(join(folder, 'latchkey.db'))
  expect(statSync(join(folder, 'secret')).mode & 0o777).toBe(0o600)
  expect(statSync(folder).mode & 0o777).toBe(0o700)
})

test('KM-09: a secret that others can read is refused, with the command that mends it', () => {
  const folder = emptyFolder()
  const database = join(folder, 'latchkey.db')
  const path = join(folder, 'secret')
  const secret = developmentSecret(database)
  for (const mode of [0o644, 0o640, 0o604, 0o660, 0o666, 0o777, 0o602]) {
    chmodSync(path, mode)
    expect(() => developmentSecret(database), mode.toString(8)).toThrow(ConfigError)
    expect(() => developmentSecret(database), mode.toString(8)).toThrow(`chmod 600 ${path}`)
  }
  for (const mode of [0o600, 0o400]) {
    chmodSync(path, mode)
    expect(developmentSecret(database)).toBe(secret)
  }
})
