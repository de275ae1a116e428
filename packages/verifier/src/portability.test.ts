import { globSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

test('the source imports nothing but itself and types, so that it runs wherever fetch and WebCrypto do', () => {
  const here = fileURLToPath(new URL('.', import.meta.url))
  const files = globSync('**/*.ts', { cwd: here }).filter((file) => !/\.test\.ts$|^testing\//.test(file))
  const imports = files.flatMap((file) => {
    const statements = readFileSync(here + file, 'utf8').matchAll(
      /^(import|export) (type )?[^'";]*? from '([^']+)'/gms,
    )
    return [...statements].map(([, , type, from]) => `${type ?? ''}${from}`)
  })
  const foreign = imports.filter((from) => !from.replace('type ', '').startsWith('.'))

  expect(files.length).toBeGreaterThan(10)
  expect(new Set(foreign)).toEqual(new Set(['type @latchkey/protocol', 'type hono']))
  for (const file of files)
    expect(readFileSync(here + file, 'utf8')).not.toMatch(/import\(|require\(|\b(process|Buffer)\./)
})
