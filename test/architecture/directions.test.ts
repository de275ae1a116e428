import { isBuiltin } from 'node:module'
import { expect, test } from 'vitest'
import { type Import, readSource, type SourceFile, sourcesOf } from './imports.ts'

const SERVER = 'packages/server/src'
const EDGES = ['http', 'cli', 'stores', 'rehearsal']

/** The workspace packages that each may use. The protocol stands alone; no client drags the server along. */
const MAY_USE: Readonly<Record<string, readonly string[]>> = {
  protocol: [],
  client: ['@latchkey/protocol'],
  verifier: ['@latchkey/protocol'],
  // The pages show tokens as the command line does: by the verifier's inspection, which opens nothing.
  web: ['@latchkey/protocol', '@latchkey/client', '@latchkey/verifier/inspect'],
  server: ['@latchkey/protocol', '@latchkey/verifier'],
}

for (const [folder, allowed] of Object.entries(MAY_USE)) {
  test(`of the other packages, ${folder} uses ${allowed.join(' and ') || 'none'}`, () => {
    const isForeign = ({ target }: Import) =>
      target.startsWith('packages/')
        ? !target.startsWith(`packages/${folder}/`)
        : /^(latchkey|@latchkey)(\/|$)/.test(target) && !allowed.some((name) => isOf(name, target))

    expect(offences(sourcesOf(folder), isForeign)).toEqual([])
  })
}

test('the protocol imports nothing from outside', () => {
  const isOutside = ({ target }: Import) => !target.startsWith('packages/protocol/')
  expect(offences(sourcesOf('protocol'), isOutside)).toEqual([])
})

test('a feature knows neither HTTP, nor the command line, nor a store', () => {
  const features = serverSources().filter(({ path }) => isFeature(path))
  const isEdge = ({ target }: Import) => EDGES.includes(folderOf(target))

  expect(features.length).toBeGreaterThan(0)
  expect(offences(features, isEdge)).toEqual([])
})

test('a store knows of a feature only what its port says', () => {
  const stores = serverSources().filter(({ path }) => folderOf(path) === 'stores')
  const isMoreThanThePort = ({ target, typeOnly }: Import) =>
    ['http', 'cli'].includes(folderOf(target)) ||
    (isFeature(target) && !typeOnly && !target.endsWith('/store.ts'))

  expect(stores.length).toBeGreaterThan(0)
  expect(offences(stores, isMoreThanThePort)).toEqual([])
})

test('HTTP reaches the stores only through the features, and knows nothing of the command line or of rehearsals', () => {
  const http = serverSources().filter(({ path }) => folderOf(path) === 'http')
  expect(http.length).toBeGreaterThan(0)
  expect(offences(http, ({ target }) => ['stores', 'cli', 'rehearsal'].includes(folderOf(target)))).toEqual(
    [],
  )
})

test('only auth.ts opens a store', () => {
  const others = serverSources().filter(
    ({ path }) => folderOf(path) !== 'stores' && path !== `${SERVER}/auth.ts`,
  )
  const opensAStore = ({ target, typeOnly }: Import) => !typeOnly && folderOf(target) === 'stores'

  expect(offences(others, opensAStore)).toEqual([])
})

test('rules read no clock, draw no randomness and do no I/O, nor does anything they import', () => {
  const rules = serverSources().filter(({ path }) => path.endsWith('rules.ts'))
  expect(rules.length).toBeGreaterThan(0)

  const reached = withEverythingTheyRun(rules)
  expect(offences(reached, ({ target, typeOnly }) => !typeOnly && mayDoIo(target))).toEqual([])
  expect(reached.filter(({ code }) => readsTheWorld(code)).map(({ path }) => path)).toEqual([])
})

function serverSources(): SourceFile[] {
  return sourcesOf('server')
}

function offences(files: readonly SourceFile[], isOffence: (imported: Import) => boolean): string[] {
  return files.flatMap(({ path, imports }) =>
    imports.filter(isOffence).map(({ target }) => `${path} imports ${target}`),
  )
}

function isOf(name: string, target: string): boolean {
  return `${target}/`.startsWith(`${name}/`)
}

/** The folder of the server that a file is in, such as `sessions`; empty for what lies beside the folders or elsewhere. */
function folderOf(path: string): string {
  return path.startsWith(`${SERVER}/`) && path.split('/').length > 4 ? path.split('/')[3]! : ''
}

function isFeature(path: string): boolean {
  const folder = folderOf(path)
  return folder !== '' && !EDGES.includes(folder)
}

function withEverythingTheyRun(files: readonly SourceFile[]): SourceFile[] {
  const reached = new Map(files.map((file) => [file.path, file]))
  for (const file of reached.values()) {
    for (const { target, typeOnly } of file.imports) {
      if (!typeOnly && target.startsWith('packages/') && !reached.has(target)) {
        reached.set(target, readSource(target))
      }
    }
  }
  return [...reached.values()]
}

/** The built-in modules that only calculate. */
const PURE_BUILTINS = ['node:buffer', 'node:crypto', 'node:url', 'node:util']

function mayDoIo(target: string): boolean {
  return isBuiltin(target) && !PURE_BUILTINS.includes(target)
}

function readsTheWorld(code: string): boolean {
  return /\b(Date\.now|new Date\(\)|performance\.|hrtime|Math\.random|random(Bytes|UUID|Int|FillSync)|getRandomValues|setTimeout|setInterval|fetch\(|process\.|console\.)/.test(
    code,
  )
}
