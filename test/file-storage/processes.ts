// Processes that share one file, for tests that stop and kill them.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'

const WORKER = fileURLToPath(new URL('./worker.ts', import.meta.url))
const SHARER = fileURLToPath(new URL('./sharer.ts', import.meta.url))

export interface Worker {
  process: ChildProcess
  /** What it said so far. */
  lines: string[]
  /** Resolves when it has said this, or anything at all; rejects when it ends without. */
  says(line?: string): Promise<void>
  /** Resolves when it is gone. */
  ended: Promise<void>
  /** As the user's `kill -9` would, and resolves when it is gone. */
  kill(): Promise<void>
}

export function startWorker(...arguments_: string[]): Worker {
  return watch(spawn(process.execPath, [WORKER, ...arguments_], { stdio: ['pipe', 'pipe', 'inherit'] }))
}

export function startSharer(url: string, path: string): Worker {
  return watch(spawn(process.execPath, [SHARER, url, path], { stdio: ['pipe', 'pipe', 'inherit'] }))
}

/** One that may make no file longer than so many blocks of 512 bytes, as if the disk were full then. */
export function startWorkerOnFullDisk(blocks: number, ...arguments_: string[]): Worker {
  const script = `trap '' XFSZ; ulimit -f ${blocks}; exec "$@"`
  const command = ['-c', script, 'sh', process.execPath, WORKER, ...arguments_]
  return watch(spawn('sh', command, { stdio: ['pipe', 'pipe', 'inherit'] }))
}

function watch(child: ChildProcess): Worker {
  const lines: string[] = []
  const reader = createInterface(child.stdout!)
  reader.on('line', (line) => lines.push(line))
  const ended = once(child, 'close').then(() => undefined)
  const kill = async () => {
    child.kill('SIGKILL')
    await ended
  }
  onTestFinished(kill)
  return {
    process: child,
    lines,
    says: (line) =>
      new Promise((resolve, reject) => {
        const look = () => {
          if (line === undefined ? lines.length > 0 : lines.includes(line)) resolve()
        }
        look()
        reader.on('line', look)
        ended.then(() => reject(new Error(`it ended after it had said ${lines.slice(-3).join(', ')}`)))
      }),
    ended,
    kill,
  }
}
