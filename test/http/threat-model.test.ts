import { existsSync, globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const ROOT = join(import.meta.dirname, '../..')
const GROUPS = ['JV', 'RR', 'CC', 'LR', 'HP', 'IN', 'KM', 'LO', 'NC', 'LK', 'RL', 'CK', 'DS', 'SO']
const ID = new RegExp(`\\b(?:${GROUPS.join('|')})-\\d\\d\\b`, 'g')

interface Row {
  id: string
  /** What holds it, as the table says. */
  heldBy: string
  files: string[]
}

/** The rows of the tables below the last heading of the second level. */
function rows(): Row[] {
  const text = readFileSync(join(ROOT, 'docs/threat-model.md'), 'utf8')
  const tables = text.slice(text.indexOf('\n## Every row\n'))
  return [...tables.matchAll(/^\| ([A-Z]{2}-\d\d) \|[^|]*\| (.*) \|$/gm)].map(([, id = '', heldBy = '']) => ({
    id,
    heldBy,
    files: [...heldBy.matchAll(/`([^`]+\.test\.tsx?)`/g)].map(([, file = '']) => file),
  }))
}

test('every row of the threat model names a test, or the part of the product that it waits for and why', () => {
  const all = rows()
  expect(all.length).toBeGreaterThan(100)
  expect(new Set(all.map(({ id }) => id)).size, 'each row once').toBe(all.length)
  expect(new Set(all.map(({ id }) => id.slice(0, 2)))).toEqual(new Set(GROUPS))
  for (const { id, heldBy, files } of all) {
    if (files.length === 0) expect(heldBy, id).toMatch(/^waits for \S+/)
  }
})

test('every test that a row names exists, and names the row', () => {
  const broken = rows().flatMap(({ id, files }) =>
    files
      .filter((file) => !existsSync(join(ROOT, file)) || !readFileSync(join(ROOT, file), 'utf8').includes(id))
      .map((file) => `${id}: ${file}`),
  )
  expect(broken).toEqual([])
})

test('every row that a test names is in the threat model', () => {
  const known = new Set(rows().map(({ id }) => id))
  const files = globSync('{test,packages/*/src}/**/*.test.{ts,tsx}', { cwd: ROOT })
  expect(files.length).toBeGreaterThan(50)
  const strangers = files.flatMap((file) =>
    [...readFileSync(join(ROOT, file), 'utf8').matchAll(ID)]
      .filter(([id]) => !known.has(id))
      .map(([id]) => `${id} in ${file}`),
  )
  expect(strangers).toEqual([])
})
