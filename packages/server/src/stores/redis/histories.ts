import type { RedisLink } from './link.ts'
import { historyOf, readFacts } from './server-facts.ts'

const LOOK_EVERY_MS = 2_000

/**
 * Notices when data may have gone back in time: another server answers than before, or the same one after a restart. A new
 * connection is told at once, a replica of a cluster that takes over soon.
 */
export class Histories {
  readonly #link: RedisLink
  readonly #onAnother: () => void
  #seen = ''
  #timer: NodeJS.Timeout | undefined
  readonly #onReady = () => this.#onAnother()

  constructor(link: RedisLink, onAnother: () => void) {
    this.#link = link
    this.#onAnother = onAnother
  }

  /** Rejects with `StoreUnavailableError`. */
  async start(): Promise<void> {
    this.#seen = await this.#read()
    this.#link.client.on('ready', this.#onReady)
    this.#timer = setInterval(() => void this.#look(), LOOK_EVERY_MS).unref()
  }

  stop(): void {
    clearInterval(this.#timer)
    this.#link.client.off('ready', this.#onReady)
  }

  async #look(): Promise<void> {
    try {
      const seen = await this.#read()
      if (seen === this.#seen) return
      this.#seen = seen
      this.#onAnother()
    } catch {
      // It is away, or one of them is: the next look tells.
    }
  }

  async #read(): Promise<string> {
    const facts = await this.#link.call(async () => Promise.all((await this.#link.masters()).map(readFacts)))
    return facts.map(historyOf).toSorted().join(' ')
  }
}
