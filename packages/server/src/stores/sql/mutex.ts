/** Lets one piece of work in at a time, in the order of asking. */
export class Mutex {
  #tail: Promise<void> = Promise.resolve()

  /** Resolves when it is the caller's turn, with how long that took. `release` lets the next one in. */
  async acquire(): Promise<{ release: () => void; waitedMs: number }> {
    const asked = performance.now()
    const before = this.#tail
    let release = (): void => {}
    this.#tail = new Promise((resolve) => {
      release = resolve
    })
    await before
    return { release, waitedMs: performance.now() - asked }
  }

  async run<Result>(work: (waitedMs: number) => Promise<Result>): Promise<Result> {
    const { release, waitedMs } = await this.acquire()
    try {
      return await work(waitedMs)
    } finally {
      release()
    }
  }
}
