import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

export interface Service {
  /** Where it listens, which is its public origin too: the `iss` of its tokens. */
  url: string
  pid: number
  /** Says how, once it has ended. */
  ended: Promise<string>
  stop(): Promise<void>
}

/** Runs `latchkey serve` for one API, with its data in this folder. */
export async function startService(folder: string, audience: string): Promise<Service> {
  const child = spawn(join(import.meta.dirname, '../../node_modules/.bin/latchkey'), ['serve'], {
    cwd: folder,
    env: {
      // What is set for the test's sake, such as where the data lies, wins.
      LATCHKEY_LOG_LEVEL: 'warn',
      ...process.env,
      PORT: '0',
      LATCHKEY_AUDIENCE: audience,
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = once(child, 'exit').then(([code, signal]) => `${signal ?? `code ${code}`}`)
  for await (const line of createInterface(child.stdout)) {
    const url = /http:\/\/\S+/.exec(line)?.[0]
    if (url === undefined) continue
    child.stdout.resume()
    return {
      url,
      pid: child.pid!,
      ended,
      async stop() {
        child.kill('SIGTERM')
        await ended
      },
    }
  }
  throw new Error(`latchkey serve ended before it listened: ${await ended}`)
}
