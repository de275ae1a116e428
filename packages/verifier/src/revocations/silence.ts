import { startTimer } from '../runtime.ts'

/** How many signs of life in a row may be missing: one alone can be late. */
const MOST_MISSING = 3

/** Calls back when a connection has been silent for too long. A dead one is never told apart from a quiet one otherwise. */
export class Silence {
  readonly #onTooLong: () => void
  #stop = () => {}
  heartbeatSeconds: number

  /** @param heartbeatSeconds until the service has said how often it gives a sign of life */
  constructor(heartbeatSeconds: number, onTooLong: () => void) {
    this.heartbeatSeconds = heartbeatSeconds
    this.#onTooLong = onTooLong
    this.restart()
  }

  restart(): void {
    this.#stop()
    this.#stop = startTimer(this.#onTooLong, this.heartbeatSeconds * MOST_MISSING * 1000)
  }

  stop(): void {
    this.#stop()
  }
}
