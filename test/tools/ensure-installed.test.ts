// The commands that a contributor types, on repositories made for the purpose.
// It owns no test of the product.

import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'

const TOOL = join(import.meta.dirname, '../../tools/ensure-installed.mjs')

test('a fresh clone is installed, saying so', () => {
  const clone = makeClone()
  const { status, stdout } = ensureInstalled(clone)

  expect(status).toBe(0)
  expect(stdout).toContain('Nothing is installed yet: running npm ci')
  expect(existsSync(join(clone, 'node_modules/part/package.json'))).toBe(true)
})

test('what is installed already is left alone, without a word', () => {
  const clone = makeClone()
  ensureInstalled(clone)
  writeFileSync(join(clone, 'node_modules/mark'), '')

  expect(ensureInstalled(clone)).toMatchObject({ status: 0, stdout: '' })
  expect(existsSync(join(clone, 'node_modules/mark'))).toBe(true)
})

test('a lockfile that changed, as after a pull, is installed again', () => {
  const clone = makeClone()
  ensureInstalled(clone)
  setVersionOfPart(clone, '2.0.0')

  const { status, stdout } = ensureInstalled(clone)
  expect(status).toBe(0)
  expect(stdout).toContain('What is installed is not what package-lock.json says: running npm ci')
  expect(ensureInstalled(clone).stdout).toBe('')
})

test('an installation that was interrupted is done again', () => {
  const clone = makeClone()
  mkdirSync(join(clone, 'node_modules/part'), { recursive: true })

  expect(ensureInstalled(clone).stdout).toContain('running npm ci')
  expect(existsSync(join(clone, 'node_modules/part/package.json'))).toBe(true)
})

test('when npm fails, its reason is shown, what to do is said, and nothing else runs', () => {
  const clone = makeClone()
  rmSync(join(clone, 'package-lock.json'))

  const { status, stderr } = ensureInstalled(clone)
  expect(status).toBe(1)
  expect(stderr).toContain('npm error')
  expect(stderr).toContain('npm ci failed (exit code 1)')
})

/** A repository whose only dependency is a package of its own, so that npm installs it without a registry. */
function makeClone(): string {
  const clone = mkdtempSync(join(tmpdir(), 'latchkey-clone-'))
  onTestFinished(() => rmSync(clone, { recursive: true, force: true }))
  mkdirSync(join(clone, 'tools'))
  mkdirSync(join(clone, 'part'))
  cpSync(TOOL, join(clone, 'tools/ensure-installed.mjs'))
  writeJson(join(clone, 'package.json'), { name: 'clone', version: '1.0.0', workspaces: ['part'] })
  setVersionOfPart(clone, '1.0.0')
  return clone
}

function setVersionOfPart(clone: string, version: string): void {
  writeJson(join(clone, 'part/package.json'), { name: 'part', version })
  writeJson(join(clone, 'package-lock.json'), {
    name: 'clone',
    version: '1.0.0',
    lockfileVersion: 3,
    requires: true,
    packages: {
      '': { name: 'clone', version: '1.0.0', workspaces: ['part'] },
      'node_modules/part': { resolved: 'part', link: true },
      part: { version },
    },
  })
}

function writeJson(path: string, value: unknown): void {
  writeFileSync(path, JSON.stringify(value))
}

function ensureInstalled(clone: string) {
  return spawnSync(process.execPath, [join(clone, 'tools/ensure-installed.mjs')], { encoding: 'utf8' })
}
