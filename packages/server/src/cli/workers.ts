import cluster from 'node:cluster'
import type { AddressInfo } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { RateLimiterClusterMaster } from 'rate-limiter-flexible'
import { AuthError } from '../errors.ts'
import type { ProcessMetrics, SiblingQuestion } from '../siblings.ts'
import { announce, warn } from './announcement.ts'
import { NoAnswerInTimeError } from './line.ts'
import { createLogger, type Logger } from './logger.ts'
import { checkedAuthOptions, DEFAULT_PORT } from './options.ts'
import type { Settings } from './settings.ts'
import { stopSignal } from './stop-signal.ts'
import { startWorker, type WorkerLife } from './worker-life.ts'
import { WorkerMetrics } from './worker-metrics.ts'
import { STOP } from './worker-words.ts'

const FIRST_WAIT_MS = 100
const LONGEST_WAIT_MS = 2_000
/** So often in a row may workers end at once: some eight seconds of trying. */
const MOST_EARLY_ENDS = 7
/** A worker finishes what is in flight in eight seconds at most; the whole has ten. */
const STOP_WITHIN_MS = 9_000

/**
 * Runs so many workers on one port until a signal stops it, and replaces those that end. This process opens no store: it
 * hands connections to the workers in turn, and their output on.
 */
export async function serveWithWorkers(settings: Settings, count: number): Promise<void> {
  const stopAsked = stopSignal()
  const logger = createLogger(settings.options.logLevel ?? 'info')
  const workers = new Workers(settings.options.port ?? DEFAULT_PORT, logger)
  try {
    const address = await Promise.race([workers.start(count), stopAsked])
    if (address === undefined) return
    // The worker that could not serve has said why.
    if (address === null) {
      process.exitCode = 1
      return
    }
    const options = checkedAuthOptions(settings, address.port)
    announce(options.url, address, settings.options.url === undefined)
    warn(options, logger)
    await Promise.race([stopAsked, workers.watch()])
    logger.info('stopping')
  } finally {
    await workers.stop()
  }
}

class Workers {
  readonly #logger: Logger
  readonly #lives = new Set<WorkerLife>()
  readonly #metrics = new WorkerMetrics()
  readonly #stopping = new AbortController()
  #port: number
  #address: AddressInfo | null = null
  #earlyEnds = 0

  constructor(port: number, logger: Logger) {
    this.#port = port
    this.#logger = logger
    cluster.setupPrimary({ stdio: ['ignore', 'pipe', 'pipe', 'ipc'] })
    // Where the store holds no counts of tries, this process counts for all workers.
    new RateLimiterClusterMaster()
  }

  /** Resolves when all of them serve, to where; to null when one could not. */
  async start(count: number): Promise<AddressInfo | null> {
    // The first one makes what is missing in the store, and the others find it.
    const address = await this.#start().serves
    if (address === null) return null
    const others = Array.from({ length: count - 1 }, () => this.#start().serves)
    if ((await Promise.all(others)).includes(null)) return null
    this.#address = address
    return address
  }

  /** Replaces every worker that ends. Rejects when they end at once again and again. */
  async watch(): Promise<void> {
    await Promise.all([...this.#lives].map((life) => this.#replaceForEver(life)))
  }

  /** Lets all of them finish what is in flight, and end. */
  async stop(): Promise<void> {
    this.#stopping.abort()
    const lives = [...this.#lives]
    for (const { line } of lives) line.tell(STOP)
    const giveUp = setTimeout(() => {
      for (const { worker } of lives) worker.process.kill('SIGKILL')
    }, STOP_WITHIN_MS)
    await Promise.all(lives.map(({ ended }) => ended))
    clearTimeout(giveUp)
  }

  #start(): WorkerLife {
    // Port 0 is one port for as long as somebody listens on it. After that it would be another one.
    if (this.#address !== null && Object.keys(cluster.workers ?? {}).length === 0) {
      this.#port = this.#address.port
    }
    const life: WorkerLife = startWorker(this.#port, (question) =>
      this.#answer(question as SiblingQuestion, life),
    )
    this.#lives.add(life)
    life.serves.then((address) => {
      // The others ended while this one was starting: it starts again, on the port that is known.
      if (this.#address !== null && address !== null && address.port !== this.#address.port) {
        life.worker.process.kill('SIGKILL')
      }
    })
    life.ended.then(() => {
      this.#lives.delete(life)
      this.#metrics.ended(life.worker.id)
    })
    return life
  }

  async #replaceForEver(first: WorkerLife): Promise<void> {
    for (let life = first; ; life = this.#start()) {
      const { by, early, storeWasAway } = await life.ended
      if (this.#stopping.signal.aborted) return
      // A store that is away is no fault of the worker's: those that serve go on, and this one tries again.
      if (!storeWasAway) this.#earlyEnds = early ? this.#earlyEnds + 1 : 0
      if (this.#earlyEnds > MOST_EARLY_ENDS) {
        throw new AuthError(
          'INTERNAL',
          `${this.#earlyEnds} workers in a row ended at once; what they wrote says why`,
        )
      }
      this.#logger.warn(`worker ${life.worker.process.pid} ended with ${by}, and is replaced`)
      const wait = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** this.#earlyEnds)
      await delay(storeWasAway ? LONGEST_WAIT_MS : wait, undefined, { signal: this.#stopping.signal }).catch(
        () => {},
      )
      if (this.#stopping.signal.aborted) return
    }
  }

  async #answer(question: SiblingQuestion, asker: WorkerLife): Promise<unknown> {
    const serving = [...this.#lives].filter(({ isServing }) => isServing)
    switch (question.topic) {
      case 'metrics': {
        await Promise.all(serving.map((life) => this.#count(life)))
        return await this.#metrics.text()
      }
      case 'arrival': {
        const others = serving.filter((life) => life !== asker)
        const answers = others.map(({ line }) => line.ask(question).catch(() => false))
        return (await Promise.all(answers)).includes(true)
      }
    }
  }

  /** A worker that is just ending has nothing new to say. Rejects for one that is there and silent. */
  async #count({ worker, line }: WorkerLife): Promise<void> {
    try {
      this.#metrics.counted(worker.id, (await line.ask({ topic: 'metrics' })) as ProcessMetrics)
    } catch (error) {
      if (error instanceof NoAnswerInTimeError) throw error
    }
  }
}
