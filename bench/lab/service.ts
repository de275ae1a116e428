import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'

const ROOT = join(import.meta.dirname, '../..')
const COMMANDS = join(ROOT, 'node_modules/.bin')
const LATCHKEY = join(COMMANDS, 'latchkey')
const COMMON_ENVIRONMENT = { PATH: `${COMMANDS}:${process.env.PATH}`, HOME: process.env.HOME }
const FLOOR = join(ROOT, 'bench/floor/server.ts')
const STOP_SECONDS = 10

const running = new Set<ChildProcess>()
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

export interface Service {
  name: string
  pid: number
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
}

/** `latchkey serve` as it comes, with the rate limits off, on SQLite. Two of one directory share its file. */
export async function startLatchkey({ directory, env = {} }: ServiceSettings): Promise<Service> {
  mkdirSync(directory, { recursive: true })
  const port = await freePort()
  const publicOrigin = env.LATCHKEY_URL ?? `http://localhost:${port}`
  return start('latchkey', [LATCHKEY, 'serve'], directory, publicOrigin, databaseIn(directory), {
    PORT: String(port),
    LATCHKEY_URL: publicOrigin,
    LATCHKEY_DATABASE_URL: `sqlite:${databaseIn(directory)}`,
    LATCHKEY_RATE_LIMITS: 'off',
    ...env,
  })
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

function databaseIn(directory: string): string {
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
  return { name, pid: child.pid!, origin, publicOrigin, databaseFile, spawnedAt, stop: () => stop(child) }
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

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const address = probe.address()
  probe.close()
  await once(probe, 'close')
  if (address === null || typeof address === 'string') throw new Error('no free port')
  return address.port
}
