// The published packages as their users get them: packed, installed in a project of their own, and used.
// It owns no behaviour of the product; it proves that nothing was lost on the way.

import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { createInterface } from 'node:readline'

const ROOT = join(import.meta.dirname, '../..')

/** What a user's shell has: this Node first, and nothing of the npm script that runs the test. */
const USER_ENVIRONMENT = {
  ...Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^(npm_|VITEST|NODE_ENV$)/.test(name)),
  ),
  PATH: [dirname(process.execPath), process.env.PATH].join(delimiter),
}

export interface Project {
  folder: string
  remove(): void
}

/** An empty project with the three tarballs of `npm run build` installed. */
export function installPackages(): Project {
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
    `@types/node@${versionOf('@types/node')}`,
  ])
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) }
}

function versionOf(dependency: string): string {
  return JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')).devDependencies[dependency]
}

/** Returns what the program writes to stdout; throws with what it writes to stderr when it fails. */
export function run(folder: string, program: string, arguments_: readonly string[]): string {
  return execFileSync(program, arguments_, { cwd: folder, env: USER_ENVIRONMENT, encoding: 'utf8' })
}

/** Like `run`, for a program that is expected to fail. */
export function attempt(folder: string, program: string, arguments_: readonly string[]) {
  return spawnSync(program, arguments_, { cwd: folder, env: USER_ENVIRONMENT, encoding: 'utf8' })
}

export function typeCheck(folder: string, config: string): void {
  const { stdout, status } = attempt(folder, join(ROOT, 'node_modules/.bin/tsc'), ['-p', config])
  if (status !== 0) throw new Error(stdout)
}

/** The first Node.js of a major version on the PATH. */
export function findNode(major: number): string | undefined {
  return USER_ENVIRONMENT.PATH.split(delimiter)
    .map((folder) => join(folder, 'node'))
    .find((node) => spawnSync(node, ['--version'], { encoding: 'utf8' }).stdout?.startsWith(`v${major}.`))
}

export interface RunningService {
  origin: string
  process: ChildProcess
}

/** `latchkey serve` in a project, ready to answer. */
export async function startService(folder: string): Promise<RunningService> {
  const port = await freePort()
  const child = spawn(join(folder, 'node_modules/.bin/latchkey'), ['serve'], {
    cwd: folder,
    env: { ...USER_ENVIRONMENT, PORT: String(port) },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  for await (const line of createInterface(child.stdout)) {
    if (!line.includes('http://')) continue
    child.stdout.resume()
    return { origin: `http://localhost:${port}`, process: child }
  }
  throw new Error('latchkey serve ended before it said where it listens')
}

/** Asks the service to stop; resolves to its exit code. */
export async function stopService({ process: child }: RunningService): Promise<number | null> {
  child.kill('SIGTERM')
  const [code] = await once(child, 'exit')
  return code
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new Error('no port is free')
  return address.port
}
