// How the code hangs together: who may import whom, and what the repository may name.
// It owns no behaviour; what the code does is tested beside it.

import { globSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

const ROOT = join(import.meta.dirname, '../..')
/** A clause holds names, braces and commas only, so that one match is one statement. */
const IMPORT =
  /^\s*(?:import|export)\b(?<type>\s+type\b)?[\w\s{},*$]*?\bfrom\s+'(?<from>[^']+)'|^\s*import\s+'(?<effect>[^']+)'|\bimport\('(?<dynamic>[^']+)'\)/gm

export interface SourceFile {
  /** From the root of the repository, such as `packages/server/src/errors.ts`. */
  path: string
  code: string
  imports: readonly Import[]
}

export interface Import {
  /** As it is written, when it names a package; from the root of the repository, when it names a file. */
  target: string
  /** Erased when the code runs. */
  typeOnly: boolean
}

/** What a package consists of when it runs: its tests and what only they use are left out. */
export function sourcesOf(folder: string): SourceFile[] {
  return globSync(`packages/${folder}/src/**/*.{ts,tsx}`, { cwd: ROOT })
    .filter((path) => !/\.test\.tsx?$|\/testing\/|\/conformance\.ts$/.test(path))
    .map(readSource)
}

export function readSource(path: string): SourceFile {
  const code = readFileSync(join(ROOT, path), 'utf8')
  return { path, code, imports: importsOf(code, dirname(path)) }
}

function importsOf(code: string, folder: string): Import[] {
  return [...code.matchAll(IMPORT)].map(({ groups }) => {
    const specifier = (groups!.from ?? groups!.effect ?? groups!.dynamic)!
    const target = specifier.startsWith('.') ? join(folder, specifier) : specifier
    return { target, typeOnly: groups!.type !== undefined }
  })
}
