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
}

/** What runs, in the order in which it was started, and when it has ended. */
const children = new Map<ChildProcess, Promise<unknown>>()
let isStopping = false

/** However this process ends, none of them is left behind. */
process.once('exit', () => {
  for (const child of children.keys()) child.kill()
})

function spawnChild(path: string, args: string[], environment: NodeJS.ProcessEnv): ChildProcess {
  if (isStopping) throw new Error('it is being stopped')
  const child = spawn(path, args, {
    // Beside this file `latchkey` keeps its data.
    cwd: import.meta.dirname,
    env: environment,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  children.set(
    child,
    once(child, 'exit').finally(() => children.delete(child)),
  )
  return child
}

/** Stops all that runs, also in the middle of the start, and starts nothing any more. The service last: the others hear its feed. */
export async function stopAll(): Promise<void> {
  isStopping = true
  for (const [child, ended] of [...children].toReversed()) {
    child.kill()
    await ended
  }
}

export async function startService(environment: NodeJS.ProcessEnv): Promise<Program> {
  return await listening('service', spawnChild(LATCHKEY, ['serve'], { ...process.env, ...environment }))
}

/** Runs one of the parts beside this file: `orders/start.ts` for `orders`. It gets no setting of the service's, least of all its secret. */
export async function startPart(name: string, environment: NodeJS.ProcessEnv): Promise<Program> {
  const file = join(import.meta.dirname, name, 'start.ts')
  return await listening(
    name,
    spawnChild(process.execPath, [file], { PATH: process.env.PATH, ...environment }),
  )
}

/** What `latchkey` with these arguments prints. */
export async function runLatchkey(args: string[], environment: NodeJS.ProcessEnv): Promise<string> {
  const child = spawnChild(LATCHKEY, args, { ...process.env, ...environment })
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
    return { name, url, ended }
  }
  throw new Error(`ended before it listened: ${await ended}`)
}

/** This port, or any for 0, on which nothing listened a moment ago. Rejects when something does. */
export async function freePort(wanted: number): Promise<number> {
  const server = createServer().listen(wanted, '127.0.0.1')
  try {
    await once(server, 'listening')
  } catch {
    throw new Error(
      `Port ${wanted} cannot be had: another program listens there. PORT=0 picks one that is free`,
    )
  }
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
