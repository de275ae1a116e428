import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { listening } from '../shared/listening.ts'
import { LATCHKEY } from '../shared/service.ts'

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
  return await started('service', spawnChild(LATCHKEY, ['serve'], { ...process.env, ...environment }))
}

/** Runs one of the parts beside this file: `orders/start.ts` for `orders`. It gets no setting of the service's, least of all its secret. */
export async function startPart(name: string, environment: NodeJS.ProcessEnv): Promise<Program> {
  const file = join(import.meta.dirname, name, 'start.ts')
  return await started(name, spawnChild(process.execPath, [file], { PATH: process.env.PATH, ...environment }))
}

/** What `latchkey` with these arguments prints. */
export async function runLatchkey(args: string[], environment: NodeJS.ProcessEnv): Promise<string> {
  const child = spawnChild(LATCHKEY, args, { ...process.env, ...environment })
  const [printed, [code]] = await Promise.all([text(child.stdout!), once(child, 'exit')])
  if (code !== 0) throw new Error(`latchkey ${args.join(' ')} ended with code ${code}`)
  return printed
}

async function started(name: string, child: ChildProcess): Promise<Program> {
  const { url, ended } = await listening(name, child)
  return { name, url, ended: ended.then((how) => `${name} with ${how}`) }
}
