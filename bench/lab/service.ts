import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { freePort } from '../../packages/server/src/stores/testing/servers/free-port.ts'
import type { Store } from './stores.ts'

const ROOT = join(import.meta.dirname, '../..')
const COMMANDS = join(ROOT, 'node_modules/.bin')
const LATCHKEY = join(COMMANDS, 'latchkey')
const COMMON_ENVIRONMENT = { PATH: `${COMMANDS}:${process.env.PATH}`, HOME: process.env.HOME }
const FLOOR = join(ROOT, 'bench/floor/server.ts')
/** Nobody guesses the passwords of a benchmark: for those in which their hashing is no part of what is measured. */
export const CHEAP_HASHING = { LATCHKEY_HASH_MEMORY: '8192', LATCHKEY_HASH_ITERATIONS: '1' }
const STOP_SECONDS = 10

const running = new Set<ChildProcess>()
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

/** For who leaves in the middle. */
export async function killServices(): Promise<void> {
  await Promise.all(
    [...running].map(async (child) => {
      const ended = once(child, 'exit')
      child.kill('SIGKILL')
      await ended
    }),
  )
}

export interface Service {
  name: string
  pid: number
  /** Of the database servers that it has to itself. */
  storePids: readonly number[]
  /** Where it listens. */
  origin: string
  /** What a page of it would send as `Origin`. */
  publicOrigin: string
  databaseFile: string
  /** `performance.now()` at its spawn. */
  spawnedAt: number
  stop(): Promise<void>
}

export interface ServiceSettings {
  /** A directory for its files. */
  directory: string
  /** Added to the environment. */
  env?: Readonly<Record<string, string>>
  /** Where it keeps its sessions. @default an SQLite file in the directory, which two services of one directory share */
  store?: Store
  /** Added to `latchkey serve`. */
  args?: readonly string[]
}

/** `latchkey serve` as it comes, with the rate limits off. */
export async function startLatchkey({
  directory,
  env = {},
  store,
  args = [],
}: ServiceSettings): Promise<Service> {
  mkdirSync(directory, { recursive: true })
  const port = await freePort()
  const publicOrigin = env.LATCHKEY_URL ?? `http://localhost:${port}`
  const name = store?.name ?? 'latchkey'
  const service = await start(
    name,
    [LATCHKEY, 'serve', ...args],
    directory,
    publicOrigin,
    databaseIn(directory),
    {
      PORT: String(port),
      LATCHKEY_URL: publicOrigin,
      LATCHKEY_DATABASE_URL: `sqlite:${databaseIn(directory)}`,
      LATCHKEY_RATE_LIMITS: 'off',
      ...store?.env,
      ...env,
    },
  )
  return { ...service, storePids: store?.pids ?? [] }
}

/** A `latchkey` command beside the service of a directory, to its end. Resolves to what it wrote. */
export async function runLatchkey(
  args: readonly string[],
  { directory, env = {} }: ServiceSettings,
): Promise<string> {
  const database = `sqlite:${databaseIn(directory)}`
  const { stdout } = await promisify(execFile)(LATCHKEY, args, {
    cwd: directory,
    env: { ...COMMON_ENVIRONMENT, LATCHKEY_DATABASE_URL: database, ...env },
  })
  return stdout
}

/** Where the service of a directory has its SQLite file. */
export function databaseIn(directory: string): string {
  return join(directory, 'latchkey.db')
}

/** The yardstick of `floor/server.ts`. */
export async function startFloor({ directory, env = {} }: ServiceSettings): Promise<Service> {
  mkdirSync(directory, { recursive: true })
  const port = await freePort()
  const publicOrigin = `http://localhost:${port}`
  const databaseFile = join(directory, 'floor.db')
  return start('floor', [process.execPath, FLOOR], directory, publicOrigin, databaseFile, {
    PORT: String(port),
    FLOOR_URL: publicOrigin,
    FLOOR_DATABASE: databaseFile,
    ...env,
  })
}

/** One of `peers/`. */
export async function startPeer(name: string, { directory, env = {} }: ServiceSettings): Promise<Service> {
  mkdirSync(directory, { recursive: true })
  const port = await freePort()
  const publicOrigin = `http://localhost:${port}`
  const databaseFile = join(directory, `${name}.db`)
  const program = join(ROOT, 'bench/peers', `${name}.js`)
  return start(name, [process.execPath, program], directory, publicOrigin, databaseFile, {
    NODE_ENV: 'production',
    PORT: String(port),
    PEER_URL: publicOrigin,
    PEER_DATABASE: databaseFile,
    ...env,
  })
}

async function start(
  name: string,
  [command, ...args]: readonly [string, ...string[]],
  cwd: string,
  publicOrigin: string,
  databaseFile: string,
  env: Readonly<Record<string, string>>,
): Promise<Service> {
  const logFile = join(cwd, `${name}.log`)
  const log = openSync(logFile, 'a')
  const spawnedAt = performance.now()
  const child = spawn(command, args, {
    cwd,
    env: { ...COMMON_ENVIRONMENT, ...env },
    stdio: ['ignore', 'pipe', log],
  })
  closeSync(log)
  running.add(child)
  child.once('exit', () => running.delete(child))
  const origin = await addressOf(name, child, logFile)
  return {
    ...{ name, pid: child.pid!, storePids: [], origin, publicOrigin, databaseFile, spawnedAt },
    stop: () => stop(child),
  }
}

/** The first line on stdout that holds `http://` names the address. What follows is read and dropped. */
function addressOf(name: string, child: ChildProcess, logFile: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let output = ''
    child.once('error', reject)
    child.once('exit', (code) => {
      reject(new Error(`${name} ended with ${code} before it listened\n${readFileSync(logFile, 'utf8')}`))
    })
    child.stdout?.setEncoding('utf8')
    child.stdout?.on('data', function read(chunk: string) {
      output += chunk
      const port = /http:\/\/[^\s"/]*:(\d+)/.exec(output)?.[1]
      if (port === undefined) return
      child.stdout?.off('data', read).resume()
      resolve(`http://127.0.0.1:${port}`)
    })
  })
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, 'exit')
  child.kill('SIGTERM')
  const late = setTimeout(() => child.kill('SIGKILL'), STOP_SECONDS * 1000)
  await ended
  clearTimeout(late)
}
