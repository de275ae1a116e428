// The steps of tools/build.ts, from a workspace package to one that can be published.
// It owns no decision about what a package offers: that stands in the package's own package.json.

import { spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** What only tests use. A source that imports one of them is caught by `assertComplete`. */
const TESTS = ['**/*.test.ts', '**/*.test.tsx', '**/testing', '**/conformance.ts']

/** Compiles a workspace package to JavaScript and declarations. Returns the folder that holds them. */
export function emit(root: string, folder: string): string {
  const work = join(root, 'build/.emitted', folder)
  mkdirSync(work, { recursive: true })
  const source = join(root, 'packages', folder)
  const config = {
    extends: join(source, 'tsconfig.json'),
    compilerOptions: {
      noEmit: false,
      noEmitOnError: true,
      declaration: true,
      rewriteRelativeImportExtensions: true,
      // The sources of other packages are part of the program: a common root keeps each apart from the others.
      rootDir: join(root, 'packages'),
      outDir: work,
    },
    include: [join(source, 'src')],
    exclude: TESTS.map((pattern) => join(source, 'src', pattern)),
  }
  const project = join(work, 'tsconfig.json')
  writeFileSync(project, JSON.stringify(config))
  const { status } = spawnSync('tsc', ['-p', project], {
    cwd: root,
    stdio: 'inherit',
  })
  if (status !== 0) throw new Error(`packages/${folder} does not compile`)
  return join(work, folder, 'src')
}
