/** Tries of one key that are under way at once in this process. No more of them are hashed at once anyway. */
const ABREAST = 4
/** Who comes while so many stand in all lines together does not wait in one. */
const MAX_STANDING = 100

/**
 * Lets only a few of the same kind be under way at once, and the others wait. A try is counted until it has turned out to be
 * right: without a line, twenty right passwords at once would be ten tries too many.
 */
export class Lines {
  readonly #underWay = new Map<string, number>()
  readonly #standing = new Map<string, (() => void)[]>()
  #standingInAll = 0

  async inTurn<Result>(key: string, work: () => Promise<Result>): Promise<Result> {
    const underWay = this.#underWay.get(key) ?? 0
    if (underWay < ABREAST || this.#standingInAll >= MAX_STANDING) this.#underWay.set(key, underWay + 1)
    else await this.#stand(key)
    try {
      return await work()
    } finally {
      this.#leave(key)
    }
  }

  #stand(key: string): Promise<void> {
    this.#standingInAll++
    return new Promise((resolve) => {
      const line = this.#standing.get(key)
      if (line === undefined) this.#standing.set(key, [resolve])
      else line.push(resolve)
    })
  }

  /** Hands the place on to who stands next. */
  #leave(key: string): void {
    const line = this.#standing.get(key)
    const next = line?.shift()
    if (next !== undefined) {
      this.#standingInAll--
      if (line?.length === 0) this.#standing.delete(key)
      next()
      return
    }
    const underWay = (this.#underWay.get(key) ?? 1) - 1
    if (underWay === 0) this.#underWay.delete(key)
    else this.#underWay.set(key, underWay)
  }
}
