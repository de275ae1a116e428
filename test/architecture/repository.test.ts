import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const ROOT = join(import.meta.dirname, '../..')

/** A checkout may belong to another user than the one who tests it. */
const ANY_OWNER = ['-c', 'safe.directory=*']

interface Lockfile {
  packages: Record<string, { resolved?: string }>
}

test('the lockfile says what to install, never from which host', () => {
  const { packages } = JSON.parse(read('package-lock.json')) as Lockfile
  const fromAHost = Object.entries(packages).filter(([, { resolved }]) => resolved?.includes('://'))

  expect(Object.keys(packages).length).toBeGreaterThan(100)
  expect(fromAHost).toEqual([])
})

test('no file names a package registry, so everybody installs from the one they chose', () => {
  const naming = trackedFiles().filter((path) => /\bregistry\.\w+\.\w|^registry\s*=/m.test(read(path)))
  expect(naming).toEqual([])
})

function read(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8')
}

/** A file that was deleted and not yet committed is still listed. */
function trackedFiles(): string[] {
  const list = (...options: string[]) =>
    execFileSync('git', [...ANY_OWNER, 'ls-files', '-z', ...options], { cwd: ROOT, encoding: 'utf8' }).split(
      '\0',
    )
  const deleted = list('--deleted')
  return list().filter((path) => path !== '' && !deleted.includes(path))
}
