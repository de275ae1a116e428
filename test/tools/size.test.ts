import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { measure } from '../../tools/size/bundle.ts'
import { temporaryFolder } from '../support/auth.ts'

test('an entry costs what it exports and imports, minified and gzipped, whatever its comments', async () => {
  const bare = await sizeOf({ 'index.js': "export * from './part.js'", 'part.js': 'export const a = "one"' })
  const commented = await sizeOf({
    'index.js': "// The door\nexport * from './part.js'",
    'part.js': '/** What it is */\nexport const   a   =   "one"',
  })
  expect(bare.entry).toBe(gzipSync('var e=`one`;export{e as a};').length)
  expect(commented.entry).toBe(bare.entry)
})

test('what is imported only when it is needed counts apart', async () => {
  const { entry, lazy, modules } = await sizeOf({
    'index.js': "export const load = () => import('./later.js')",
    'later.js': `export const text = '${incompressible(2000)}'`,
  })
  expect(lazy).toEqual([{ name: expect.stringContaining('later'), bytes: expect.any(Number) }])
  expect(lazy[0]!.bytes).toBeGreaterThan(1000)
  expect(entry).toBeLessThan(300)
  expect(modules.map(({ name }) => name)).not.toContain('later.js')
})

test('what the user installs beside the package does not count', async () => {
  const { modules } = await sizeOf({
    'index.js': "export { useState } from 'react'\nexport { sign } from 'node:crypto'",
  })
  expect(modules.map(({ name }) => name)).toEqual(['index.js', 'page.js'])
})

test('the biggest module comes first', async () => {
  const { modules } = await sizeOf({
    'index.js': "export * from './small.js'\nexport * from './big.js'",
    'small.js': 'export const small = 1',
    'big.js': `export const big = '${incompressible(100)}'`,
  })
  expect(modules[0]!.name).toBe('big.js')
  expect(modules[0]!.bytes).toBeGreaterThan(100)
})

function sizeOf(files: Record<string, string>) {
  const folder = temporaryFolder()
  writeFileSync(
    join(folder, 'package.json'),
    JSON.stringify({ name: 'measured', type: 'module', exports: './index.js' }),
  )
  for (const [file, code] of Object.entries(files)) writeFileSync(join(folder, file), code)
  return measure(folder, 'measured', 'measured')
}

/** Text that gzip cannot make much smaller, the same each time. */
function incompressible(length: number): string {
  let state = 1
  const next = () => {
    state = (state * 48271) % 2147483647
    return (state % 36).toString(36)
  }
  return Array.from({ length }, next).join('')
}
