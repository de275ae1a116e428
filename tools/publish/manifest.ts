import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

export interface Manifest {
  name: string
  dependencies?: Record<string, string>
  peerDependencies?: Record<string, string>
}

interface WorkspaceManifest extends Manifest {
  private?: boolean
  devDependencies?: Record<string, string>
  bin?: Record<string, string>
  /** From a name in the package to its source, such as `./src/index.ts`. */
  exports: Record<string, string>
}

export function readManifest(folder: string): WorkspaceManifest {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
}

/** A workspace package points at its sources and is private; the published one points at what was built from them. */
export function writePublishedManifest(workspace: WorkspaceManifest, target: string): Manifest {
  const { private: _, devDependencies, dependencies = {}, exports, ...kept } = workspace
  const { '@latchkey/protocol': inlined, ...needed } = dependencies
  const published = {
    ...kept,
    exports: {
      ...Object.fromEntries(Object.entries(exports).map(([name, source]) => [name, builtFrom(source)])),
      './package.json': './package.json',
    },
    files: kept.bin ? ['dist', 'bin'] : ['dist'],
    dependencies: needed,
  }
  writeFileSync(join(target, 'package.json'), `${JSON.stringify(published, null, 2)}\n`)
  return published
}

function builtFrom(source: string): { types: string; default: string } {
  const built = source.replace('./src/', './dist/').replace(/\.tsx?$/, '')
  return { types: `${built}.d.ts`, default: `${built}.js` }
}
