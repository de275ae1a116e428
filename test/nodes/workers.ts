// `latchkey serve --workers`: one node of several processes, as a test sees it from outside. It asserts nothing.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { LATCHKEY } from '../cli/run.ts'
import { temporaryFolder } from '../support/folder.ts'
import { type Service, serviceEnvironment } from '../support/service.ts'
import { storeIn, type TestStore } from '../support/stores/store.ts'
import type { Environment } from './nodes.ts'

export interface WorkerService extends Service {
  stdout(): string
  stderr(): string
  ended: Promise<number | null>
  /** The process ids of its workers. */
  workers(): number[]
  /** Sends a signal to the whole process group, as a terminal does. */
  signalAll(signal: NodeJS.Signals): void
}

/** Starts a node of so many workers, in a process group of its own, and resolves when it says where it listens. */
export async function startWorkers(
  count: number,
  environment: Environment,
  { config }: { config?: string } = {},
): Promise<WorkerService> {
  const folder = temporaryFolder()
  if (config !== undefined) writeFileSync(join(folder, 'latchkey.config.js'), config)
  const child = spawn(LATCHKEY, ['serve', '--workers', String(count)], {
    cwd: folder,
    env: serviceEnvironment(environment),
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  })
  let stdout = ''
  let stderr = ''
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk
  })
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk
  })
  const ended = once(child, 'close').then(([code]) => code as number | null)
  onTestFinished(async () => {
    if (isRunning(child)) child.kill('SIGKILL')
    await ended
  })
  const url = await firstAddress(child, () => stdout)
  if (url === null) throw new Error(`the service ended with ${await ended}:\n${stderr}`)
  return {
    url,
    process: child,
    store: storeIn(environment) as TestStore,
    ended,
    stdout: () => stdout,
    stderr: () => stderr,
    output: () => stdout + stderr,
    workers: () => childrenOf(child.pid as number),
    signalAll: (signal) => process.kill(-(child.pid as number), signal),
    async kill() {
      child.kill('SIGKILL')
      await ended
    },
    async stop() {
      child.kill('SIGTERM')
      return await ended
    },
  }
}

function isRunning({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode === null && signalCode === null
}

async function firstAddress(child: ChildProcess, stdout: () => string): Promise<string | null> {
  const end = once(child, 'close')
  for (;;) {
    const found = /http:\/\/\S+/.exec(stdout())
    if (found !== null) return found[0]
    if (!isRunning(child) || child.stdout === null) return null
    await Promise.race([end, once(child.stdout, 'data')])
  }
}

/** Ids of processes, by `ps`, which every system has. */
function childrenOf(parent: number): number[] {
  const lines = execFileSync('ps', ['-A', '-o', 'pid=,ppid='], { encoding: 'utf8' }).trim().split('\n')
  const pairs = lines.map((line) => line.trim().split(/\s+/).map(Number))
  return pairs.filter(([, ppid]) => ppid === parent).map(([pid]) => pid as number)
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

/** The sample of a metric with exactly these labels; 0 where there is none yet. */
export async function metricOf(url: string, sample: string): Promise<number> {
  const answer = await fetch(`${url}/metrics`)
  const text = await answer.text()
  if (answer.status !== 200) throw new Error(`the metrics were answered with ${answer.status}: ${text}`)
  const line = text.split('\n').find((candidate) => candidate.startsWith(`${sample} `))
  return Number(line?.split(' ').at(-1) ?? 0)
}
