import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'
import { temporaryFolder } from './folder.ts'
import { environmentOf, newStore, storeIn, type TestStore } from './stores/store.ts'

const BIN = fileURLToPath(new URL('../../node_modules/.bin', import.meta.url))

export interface Service {
  url: string
  process: ChildProcess
  store: TestStore
  /** Everything that it wrote so far. */
  output(): string
  /** Ends it at once, as a power cut would, and waits until it is gone. */
  kill(): Promise<void>
  /** Asks it to stop, and resolves to its exit code. */
  stop(): Promise<number | null>
}

/** The environment that a service under test gets: nothing of the caller's but what it needs to run. */
export function serviceEnvironment(extra: Record<string, string>): Record<string, string> {
  return {
    PATH: `${BIN}:${process.env.PATH}`,
    HOME: process.env.HOME ?? '/',
    PORT: '0',
    LATCHKEY_HASH_MEMORY: '8192',
    LATCHKEY_HASH_ITERATIONS: '1',
    // Everybody comes from one address here.
    LATCHKEY_RATE_LIMITS: 'off',
    ...extra,
  }
}

/** Runs `latchkey serve` on a free port and a store of its own, unless one is named, and resolves when it is ready. */
export async function startService(extra: Record<string, string> = {}): Promise<Service> {
  const store = storeIn(extra) ?? (await newStore())
  const child = spawn(join(BIN, 'latchkey'), ['serve'], {
    cwd: temporaryFolder(),
    env: serviceEnvironment({ ...environmentOf(store), ...extra }),
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  const url = await new Promise<string>((resolve, reject) => {
    const read = (chunk: Buffer): void => {
      output += chunk
      const found = /http:\/\/\S+/.exec(output)
      if (found !== null) resolve(found[0])
    }
    child.stdout.on('data', read)
    child.stderr.on('data', (chunk: Buffer) => {
      output += chunk
    })
    child.once('exit', (code) => reject(new Error(`the service ended with ${code}:\n${output}`)))
  })
  const end = async (signal: NodeJS.Signals): Promise<number | null> => {
    if (child.exitCode !== null || child.signalCode !== null) return child.exitCode
    const exited = once(child, 'exit')
    child.kill(signal)
    return (await exited)[0] as number | null
  }
  onTestFinished(async () => void (await end('SIGKILL')))
  return {
    url,
    process: child,
    store,
    output: () => output,
    kill: async () => void (await end('SIGKILL')),
    stop: () => end('SIGTERM'),
  }
}
