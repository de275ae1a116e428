import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { onTestFinished } from 'vitest'
import { PROJECT, USER_ENVIRONMENT } from './project.ts'

export interface RunningService {
  origin: string
  process: ChildProcess
}

/** `latchkey serve` in a folder of its own in the project, ready to answer. It ends with the test at the latest. */
export async function startService(environment: Record<string, string> = {}): Promise<RunningService> {
  const port = await freePort()
  const child = spawn(join(PROJECT, 'node_modules/.bin/latchkey'), ['serve'], {
    cwd: mkdtempSync(join(PROJECT, 'service-')),
    env: { ...USER_ENVIRONMENT, LATCHKEY_LOG_LEVEL: 'warn', ...environment, PORT: String(port) },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
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

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new Error('no port is free')
  return address.port
}
