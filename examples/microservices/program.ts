import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'

const LATCHKEY = join(import.meta.dirname, '../../node_modules/.bin/latchkey')

export interface Program {
  name: string
  url: string
  /** Says which it was and how, once it has ended. */
  ended: Promise<string>
  stop(): Promise<void>
}

/** Runs `latchkey` beside this file, where it keeps its data. */
function latchkey(args: string[], environment: NodeJS.ProcessEnv): ChildProcess {
  return spawn(LATCHKEY, args, {
    cwd: import.meta.dirname,
    // What is set for the test's sake, such as where the data lies, wins.
    env: { LATCHKEY_LOG_LEVEL: 'warn', ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
}

export async function startService(environment: NodeJS.ProcessEnv): Promise<Program> {
  return await listening('service', latchkey(['serve'], environment))
}

/** Runs one of the parts beside this file: `orders/start.ts` for `orders`. */
export async function startPart(name: string, environment: NodeJS.ProcessEnv): Promise<Program> {
  const child = spawn(process.execPath, [join(import.meta.dirname, name, 'start.ts')], {
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  return await listening(name, child)
}

/** What `latchkey` with these arguments prints. */
export async function runLatchkey(args: string[], environment: NodeJS.ProcessEnv): Promise<string> {
  const child = latchkey(args, environment)
  const [printed, [code]] = await Promise.all([text(child.stdout!), once(child, 'exit')])
  if (code !== 0) throw new Error(`latchkey ${args.join(' ')} ended with code ${code}`)
  return printed
}

/** Each part says where it listens in the first line that holds an address. */
async function listening(name: string, child: ChildProcess): Promise<Program> {
  const ended = once(child, 'exit').then(([code, signal]) => `${name} with ${signal ?? `code ${code}`}`)
  for await (const line of createInterface(child.stdout!)) {
    const url = /http:\/\/\S+/.exec(line)?.[0]
    if (url === undefined) continue
    child.stdout!.resume()
    return {
      name,
      url,
      ended,
      async stop() {
        child.kill('SIGTERM')
        await ended
      },
    }
  }
  throw new Error(`ended before it listened: ${await ended}`)
}

/** A port that nothing listened on a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
