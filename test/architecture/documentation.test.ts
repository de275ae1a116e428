import { globSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { expect, test } from 'vitest'
import { SETTINGS } from '../../packages/server/src/cli/known-settings.ts'

const DOCS = join(import.meta.dirname, '../../docs')

function read(path: string): string {
  return readFileSync(join(DOCS, path), 'utf8')
}

test('the list of settings in the guide is the one that the commands know', () => {
  const rows = [...read('guide/settings.md').matchAll(/^\| `(\S+)` \| `(\S+)` \| (.+) \|$/gm)]
  const listed = rows.map(([, variable, option, help]) => ({ variable, option, help }))
  const known = SETTINGS.map(({ variable, option, help }) => ({ variable, option, help }))
  expect(new Set(listed)).toEqual(new Set(known))
})

test('every guide and every decision is in the list of its folder', () => {
  for (const folder of ['guide', 'decisions']) {
    const index = read(`${folder}/README.md`)
    const files = globSync('*.md', { cwd: join(DOCS, folder) }).filter((file) => file !== 'README.md')
    expect(files.length).toBeGreaterThan(10)
    expect(files.filter((file) => !index.includes(`(${basename(file)})`))).toEqual([])
  }
})
