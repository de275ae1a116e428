import { existsSync, globSync, readFileSync } from 'node:fs'
import { isBuiltin } from 'node:module'
import { dirname, join } from 'node:path'
import type { Manifest } from './manifest.ts'
import { specifiersOf } from './specifiers.ts'

/** Throws naming each import of a built package that would not resolve once it is installed. */
export function assertComplete(target: string, manifest: Manifest): void {
  const installed = [
    manifest.name,
    ...Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies }),
  ]
  const unresolved = globSync('dist/**/*.{js,d.ts}', { cwd: target, exclude: ['dist/web/**'] }).flatMap(
    (file) =>
      specifiersOf(readFileSync(join(target, file), 'utf8'))
        .filter((specifier) => !resolves(specifier, join(target, file), installed))
        .map((specifier) => `${file} imports ${specifier}`),
  )
  if (unresolved.length > 0) throw new Error(`${manifest.name} is not complete:\n${unresolved.join('\n')}`)
}

function resolves(specifier: string, importer: string, installed: readonly string[]): boolean {
  if (!specifier.startsWith('.')) {
    return isBuiltin(specifier) || installed.some((name) => `${specifier}/`.startsWith(`${name}/`))
  }
  const path = join(dirname(importer), specifier)
  return existsSync(importer.endsWith('.d.ts') ? path.replace(/\.js$/, '.d.ts') : path)
}
