// How much a page downloads for a published package.
// It owns no limit: those are in tools/check/size.ts.

import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { build, minifySync, type Rolldown } from 'vite'

export interface Size {
  /** Bytes, minified and gzipped, of the entry and of what it imports statically. */
  entry: number
  /** The same of what it imports when it is needed, chunk by chunk. */
  lazy: { name: string; bytes: number }[]
  /** Bytes of each module of the entry, minified alone and not compressed: the largest first. */
  modules: { name: string; bytes: number }[]
}

/**
 * Builds a page that uses everything that an entry of a package exports, as Vite builds it. What the package
 * leaves to its user to install is not counted.
 */
export async function measure(packageFolder: string, name: string, entry: string): Promise<Size> {
  const project = mkdtempSync(join(tmpdir(), 'latchkey-size-'))
  try {
    const installed = join(project, 'node_modules', name)
    mkdirSync(join(installed, '..'), { recursive: true })
    symlinkSync(packageFolder, installed)
    writeFileSync(join(project, 'page.js'), `export * from '${entry}'\n`)
    return sizeOf(await bundle(project, name))
  } finally {
    rmSync(project, { recursive: true })
  }
}

async function bundle(project: string, name: string): Promise<Rolldown.OutputChunk[]> {
  const [built] = (await build({
    root: project,
    configFile: false,
    logLevel: 'error',
    build: {
      write: false,
      // As a library, because Vite adds its own preloader of lazy chunks to a page; otherwise minified like a page.
      lib: { entry: join(project, 'page.js'), formats: ['es'], fileName: 'page' },
      rolldownOptions: {
        output: { minify: true, comments: false },
        external: (specifier) => /^[\w@]/.test(specifier) && !`${specifier}/`.startsWith(`${name}/`),
      },
    },
  })) as Rolldown.RolldownOutput[]
  return built!.output.filter((file) => file.type === 'chunk')
}

function sizeOf(chunks: readonly Rolldown.OutputChunk[]): Size {
  const first = withStaticImports(chunks, chunks.find(({ isEntry }) => isEntry)!.fileName)
  const lazy = chunks.filter((chunk) => !first.includes(chunk))
  const modules = first.flatMap((chunk) => Object.entries(chunk.modules))
  return {
    entry: first.reduce((sum, chunk) => sum + gzipped(chunk), 0),
    lazy: lazy.map((chunk) => ({ name: basename(chunk.fileName), bytes: gzipped(chunk) })),
    modules: modules
      .map(([id, { code }]) => ({ name: basename(id), bytes: minifySync(id, code ?? '').code.length }))
      .sort((a, b) => b.bytes - a.bytes),
  }
}

function withStaticImports(
  chunks: readonly Rolldown.OutputChunk[],
  fileName: string,
): Rolldown.OutputChunk[] {
  const reached = new Set<Rolldown.OutputChunk>(chunks.filter((chunk) => chunk.fileName === fileName))
  for (const chunk of reached) {
    for (const other of chunks) if (chunk.imports.includes(other.fileName)) reached.add(other)
  }
  return [...reached]
}

function gzipped({ code }: Rolldown.OutputChunk): number {
  return gzipSync(code, { level: 9 }).length
}
