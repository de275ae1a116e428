import { getCompileCacheDir } from 'node:module'
import { availableParallelism } from 'node:os'
import { extname } from 'node:path'
import { Worker } from 'node:worker_threads'
import { AuthError } from '../errors.ts'
import { readImportedHash } from './imported-hash.ts'
import type { PasswordJob, PasswordJobResult } from './password-worker.ts'

/** argon2id's parameters. RFC 9106 §4; the defaults are OWASP's minimum. */
export interface HashParameters {
  memoryKiB: number
  iterations: number
  parallelism: number
}

export interface PasswordHasherOptions extends HashParameters {
  /** Threads that hash, beside the event loop. */
  workers: number
  /** Jobs that may wait; one more is refused with OVERLOADED at once. */
  maxQueue: number
}

export const DEFAULT_HASHING: PasswordHasherOptions = {
  memoryKiB: 19_456,
  iterations: 2,
  parallelism: 1,
  workers: Math.max(1, Math.min(4, availableParallelism() - 1)),
  maxQueue: 100,
}

/** How much longer than the usual check a refusal takes: room for the ones that take longer than usual. */
const MARGIN = 1.25

const RESTART_AFTER_MS = 1_000

interface Queued {
  job: PasswordJob
  resolve: (result: PasswordJobResult) => void
  reject: (error: unknown) => void
}

/**
 * Hashes and checks passwords on threads of its own. Their number and their queue are bounded, so that a storm of
 * sign-ins costs a bounded amount of memory and no refresh its time.
 */
export class PasswordHasher {
  readonly parameters: HashParameters
  readonly #maxQueue: number
  readonly #queue: Queued[] = []
  readonly #idle: Worker[] = []
  readonly #running = new Map<Worker, Queued>()
  #closed = false
  /** How long one check takes, by the kind of hash: milliseconds, smoothed. */
  readonly #cost = new Map<string, number>()

  constructor({ memoryKiB, iterations, parallelism, workers, maxQueue }: PasswordHasherOptions) {
    this.parameters = { memoryKiB, iterations, parallelism }
    this.#maxQueue = maxQueue
    for (let i = 0; i < workers; i++) this.#startWorker()
  }

  /** Jobs that wait for a thread. */
  get waiting(): number {
    return this.#queue.length
  }

  /** An argon2id PHC string of the input, or null when `commonForm` is one of the common passwords. */
  async hash(input: string, commonForm: string | null): Promise<string | null> {
    const result = await this.#run({ kind: 'hash', input, commonForm, parameters: this.parameters })
    return result.phc
  }

  /**
   * Whether one of the inputs has this hash. A mismatch takes as long as it does for the slowest kind of hash that
   * was met, so that an account with an imported hash is not told apart by time.
   *
   * @param spellings how many inputs there would be if the hash were an imported one
   */
  async matches(inputs: readonly string[], phc: string, spellings: number): Promise<boolean> {
    const { matched, milliseconds } = await this.#run({ kind: 'verify', inputs, phc })
    this.#learnCost(kindOf(phc), milliseconds / (matched ? 1 : Math.max(1, inputs.length)))
    if (!matched) await wait(spellings * MARGIN * Math.max(...this.#cost.values()) - milliseconds)
    return matched
  }

  async close(): Promise<void> {
    this.#closed = true
    const stopped = new AuthError('OVERLOADED', 'the service is stopping', { retryAfterSeconds: 1 })
    for (const { reject } of this.#queue.splice(0)) reject(stopped)
    for (const { reject } of this.#running.values()) reject(stopped)
    const workers = [...this.#idle, ...this.#running.keys()]
    this.#running.clear()
    await Promise.all(workers.map((worker) => worker.terminate()))
  }

  /**
   * Throws OVERLOADED when the next job would be refused. To be asked before anything else is done for a sign-in: in a storm
   * most are refused, and what a refusal costs is taken from the refreshes.
   */
  requireRoom(): void {
    if (!this.#closed && this.#queue.length < this.#maxQueue) return
    throw new AuthError('OVERLOADED', 'too many sign-ins are waiting', { retryAfterSeconds: 2 })
  }

  async #run(job: PasswordJob): Promise<PasswordJobResult> {
    this.requireRoom()
    return await new Promise((resolve, reject) => {
      this.#queue.push({ job, resolve, reject })
      this.#dispatch()
    })
  }

  #dispatch(): void {
    while (this.#idle.length > 0 && this.#queue.length > 0) {
      const worker = this.#idle.pop() as Worker
      const queued = this.#queue.shift() as Queued
      this.#running.set(worker, queued)
      worker.ref()
      worker.postMessage(queued.job)
    }
  }

  #startWorker(): void {
    const worker = new Worker(new URL(`./password-worker${extname(import.meta.url)}`, import.meta.url), {
      env: workerEnvironment(),
      // The flags of the program around it, such as --input-type, may not fit a thread.
      execArgv: [],
      resourceLimits: { maxYoungGenerationSizeMb: 2 },
    })
    worker.unref()
    worker.on('message', (result: PasswordJobResult) => {
      if (this.#closed) return
      this.#running.get(worker)?.resolve(result)
      this.#running.delete(worker)
      this.#idle.push(worker)
      worker.unref()
      this.#dispatch()
    })
    worker.on('error', (error) => {
      this.#running.get(worker)?.reject(error)
      this.#running.delete(worker)
      this.#idle.splice(0, this.#idle.length, ...this.#idle.filter((other) => other !== worker))
      this.#dispatch()
      // Not at once: a worker that cannot even load would be started without end.
      setTimeout(() => {
        if (!this.#closed) this.#startWorker()
      }, RESTART_AFTER_MS).unref()
    })
    this.#idle.push(worker)
    this.#dispatch()
  }

  #learnCost(kind: string, milliseconds: number): void {
    const known = this.#cost.get(kind)
    this.#cost.set(kind, known === undefined ? milliseconds : known + (milliseconds - known) / 8)
  }
}

/** A worker that shares the compile cache loads no compiler of its own, which would take 20 MB. */
function workerEnvironment(): NodeJS.ProcessEnv {
  const cache = getCompileCacheDir()
  return cache === undefined ? process.env : { ...process.env, NODE_COMPILE_CACHE: cache }
}

/** The algorithm and its cost, without salt and digest. */
function kindOf(phc: string): string {
  return readImportedHash(phc)?.cost ?? phc.split('$').slice(0, 4).join('$')
}

function wait(milliseconds: number): Promise<void> {
  return new Promise((resolve) => (milliseconds > 0 ? setTimeout(resolve, milliseconds) : resolve()))
}
