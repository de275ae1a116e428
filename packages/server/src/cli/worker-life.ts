import cluster, { type Worker } from 'node:cluster'
import type { AddressInfo } from 'node:net'
import { forwardLines } from './forward-lines.ts'
import { Line } from './line.ts'
import { WORKER_PORT, type WorkerNews } from './worker-words.ts'

/** A worker that has served for as long did not end at once. */
const LASTING_MS = 1_000

/** One worker, from its start to its end. */
export interface WorkerLife {
  worker: Worker
  line: Line
  /** Resolves when it serves; to null when it ended before. */
  serves: Promise<AddressInfo | null>
  /** Whether it serves now: one that is still starting answers no question. */
  readonly isServing: boolean
  ended: Promise<WorkerEnd>
}

export interface WorkerEnd {
  /** Its exit code, or the signal that ended it. */
  by: number | NodeJS.Signals
  /** Whether it had hardly served. */
  early: boolean
  storeWasAway: boolean
}

/** Starts a worker. What it writes comes out of this process, in whole lines. */
export function startWorker(port: number, answer: (question: unknown) => Promise<unknown>): WorkerLife {
  const worker = cluster.fork({ [WORKER_PORT]: String(port) })
  closeWhatItNeverTook(worker)
  // What was on its way to a worker that was killed: unheard, it would end this process.
  worker.on('error', () => {})
  const { stdout, stderr } = worker.process
  if (stdout !== null) forwardLines(stdout, process.stdout)
  if (stderr !== null) forwardLines(stderr, process.stderr)

  const serves = Promise.withResolvers<AddressInfo | null>()
  let servesSince = Number.NaN
  let storeWasAway = false
  const line = new Line(worker.process, {
    heard(news) {
      const said = news as WorkerNews
      if (said.kind === 'store-is-away') storeWasAway = true
      else {
        servesSince = performance.now()
        serves.resolve(said.address)
      }
    },
    answer,
  })
  const ended = Promise.withResolvers<WorkerEnd>()
  // `close` comes after everything that it wrote.
  worker.process.once('close', (code, signal) => {
    serves.resolve(null)
    ended.resolve({
      by: (signal ?? code) as WorkerEnd['by'],
      early: !(performance.now() - servesSince >= LASTING_MS),
      storeWasAway,
    })
  })
  return {
    worker,
    line,
    serves: serves.promise,
    get isServing() {
      return !Number.isNaN(servesSince)
    },
    ended: ended.promise,
  }
}

/**
 * The primary hands a worker one connection at a time, and goes on when the worker has taken it. One that is handed over at the
 * moment of its death would stay open for ever, and whoever is behind it wait as long.
 */
function closeWhatItNeverTook({ process: child }: Worker): void {
  let handed: { close(): void } | undefined
  const send = child.send as (...sent: unknown[]) => boolean
  child.send = (...sent: unknown[]) => {
    const [, handle] = sent
    if (typeof handle === 'object' && handle !== null && 'close' in handle) handed = handle as typeof handed
    return send.apply(child, sent)
  }
  child.once('exit', () => handed?.close())
}
