// The published packages as their users get them: packed, installed in a project of their own, and used.
// It owns no behaviour of the product; it proves that nothing was lost on the way.

import { execFileSync, spawnSync } from 'node:child_process'
import { cpSync, globSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'

export const ROOT = join(import.meta.dirname, '../..')

/** What a user's shell has: this Node first, and nothing of the npm script that runs the test. */
export const USER_ENVIRONMENT = {
  ...Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^(npm_|VITEST|NODE_ENV$)/.test(name)),
  ),
  PATH: [dirname(process.execPath), process.env.PATH].join(delimiter),
}

/** The project that `setup.ts` made for all tests of a run. */
export const PROJECT = process.env.PACKAGING_PROJECT ?? ''

/** An empty project with the three tarballs of `npm run build` installed, and what the client and the verifier may be used with. */
export function installPackages(): string {
  const tarballs = globSync('build/*.tgz', { cwd: ROOT }).map((path) => join(ROOT, path))
  if (tarballs.length === 0) throw new Error('there are no tarballs in build/: run `npm run build` first')

  const folder = mkdtempSync(join(tmpdir(), 'latchkey-packaging-'))
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ private: true, type: 'module' }))
  cpSync(join(import.meta.dirname, 'consumer'), folder, { recursive: true })
  run(folder, 'npm', [
    'install',
    '--prefer-offline',
    '--no-audit',
    '--no-fund',
    '--loglevel=error',
    ...tarballs,
    ...versions('.', ['@types/node']),
    ...versions('packages/client', ['@types/react', 'axios', 'react']),
    ...versions('packages/verifier', ['@types/express', 'express', 'fastify', 'hono']),
  ])
  return folder
}

function versions(folder: string, dependencies: readonly string[]): string[] {
  const { devDependencies } = JSON.parse(readFileSync(join(ROOT, folder, 'package.json'), 'utf8'))
  return dependencies.map((name) => `${name}@${devDependencies[name]}`)
}

export interface Manifest {
  name: string
  exports: Record<string, { types: string; default: string }>
  dependencies: Record<string, string>
  peerDependencies?: Record<string, string>
  peerDependenciesMeta?: Record<string, { optional?: boolean }>
}

export function manifestOf(name: string): Manifest {
  return JSON.parse(readFileSync(join(PROJECT, 'node_modules', name, 'package.json'), 'utf8'))
}

/** Everything that may be imported from a package, such as `@latchkey/client/react`. */
export function entriesOf(name: string): string[] {
  const paths = Object.keys(manifestOf(name).exports).filter((path) => path !== './package.json')
  return paths.map((path) => join(name, path))
}

/** Returns what the program writes to stdout; throws with what it writes to stderr when it fails. */
export function run(
  folder: string,
  program: string,
  arguments_: readonly string[],
  environment: Record<string, string> = {},
): string {
  const env = { ...USER_ENVIRONMENT, ...environment }
  return execFileSync(program, arguments_, { cwd: folder, env, encoding: 'utf8' })
}

/** Like `run`, for a program that is expected to fail. */
export function attempt(folder: string, program: string, arguments_: readonly string[]) {
  return spawnSync(program, arguments_, { cwd: folder, env: USER_ENVIRONMENT, encoding: 'utf8' })
}

/** The first Node.js of a major version on the PATH. */
export function findNode(major: number): string | undefined {
  return USER_ENVIRONMENT.PATH.split(delimiter)
    .map((folder) => join(folder, 'node'))
    .find((node) => spawnSync(node, ['--version'], { encoding: 'utf8' }).stdout?.startsWith(`v${major}.`))
}
