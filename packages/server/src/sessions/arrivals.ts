/** Microseconds for which a rotation is remembered for the other workers: no request takes longer to arrive whole. */
const REMEMBERED_FOR_OTHERS = 10_000_000

/** Whether a request that arrived at an instant had arrived before the rotation of a generation was answered. */
export interface ArrivalQuestion {
  arrivedAt: number
  sessionId: string
  generation: number
}

/** A refresh request that has arrived, from its headers to its answer. */
export interface Arrival {
  readonly arrivedAt: number
  answeredAt: number | undefined
}

interface Rotated {
  generation: number
  by: Arrival
}

/**
 * Knows which refresh requests were already under way on this node when a rotation was answered. Two tabs that
 * refresh at once are no theft: the second could not have known the first one's answer.
 *
 * Time here is a count of arrivals and answers, so that no clock's resolution blurs the order. An entry leaves as
 * soon as no request is under way that is older than its answer. Several workers of one node have the machine's monotonic
 * clock in common instead, and ask each other before they call a token reused; an entry stays for as long as one may ask.
 */
export class RefreshArrivals {
  readonly #tick: () => number
  readonly #rememberFor: number
  readonly #askOthers: ((question: ArrivalQuestion) => Promise<boolean>) | null
  readonly #underWay = new Set<Arrival>()
  readonly #rotated = new Map<string, Rotated>()

  /** @param askOthers asks the other workers of the node, where there are some */
  constructor(askOthers: ((question: ArrivalQuestion) => Promise<boolean>) | null = null) {
    this.#askOthers = askOthers
    this.#tick = askOthers === null ? counter() : machineClock()
    this.#rememberFor = askOthers === null ? 0 : REMEMBERED_FOR_OTHERS
  }

  /** Whether there are others that may know of a rotation. */
  get hasOthers(): boolean {
    return this.#askOthers !== null
  }

  /** To be called when a request's headers have arrived, before its body is read. */
  enter(): Arrival {
    const arrival: Arrival = { arrivedAt: this.#tick(), answeredAt: undefined }
    this.#underWay.add(arrival)
    return arrival
  }

  /** To be called when the request has its answer, whatever it is. */
  leave(arrival: Arrival): void {
    arrival.answeredAt = this.#tick()
    this.#underWay.delete(arrival)
    this.#forget(arrival.answeredAt)
  }

  /**
   * Notes that `arrival` moves a session on from `generation`. To be called before the store moves it: another worker may see that
   * it has moved before this one hears of it.
   */
  rotating(sessionId: string, generation: number, by: Arrival): void {
    this.#rotated.delete(sessionId)
    this.#rotated.set(sessionId, { generation, by })
  }

  /** Notes that it was not this arrival that moved the session. */
  lost(sessionId: string, by: Arrival): void {
    if (this.#rotated.get(sessionId)?.by === by) this.#rotated.delete(sessionId)
  }

  /** Whether a request had arrived before the rotation of this generation was answered, in this process. */
  cameBeforeAnswer(
    { arrivedAt }: Pick<Arrival, 'arrivedAt'>,
    sessionId: string,
    generation: number,
  ): boolean {
    const rotated = this.#rotated.get(sessionId)
    if (rotated === undefined || rotated.generation !== generation) return false
    return rotated.by.answeredAt === undefined || arrivedAt < rotated.by.answeredAt
  }

  /** The same in the other workers of the node. Who is silent does not know of it: strictness wins. Never rejects. */
  async cameBeforeAnswerElsewhere(question: ArrivalQuestion): Promise<boolean> {
    return (await this.#askOthers?.(question).catch(() => false)) ?? false
  }

  /** How many rotations are remembered. */
  get size(): number {
    return this.#rotated.size
  }

  #forget(now: number): void {
    const [oldest] = this.#underWay
    for (const [sessionId, { by }] of this.#rotated) {
      if (by.answeredAt === undefined || (oldest !== undefined && oldest.arrivedAt < by.answeredAt)) return
      if (now - by.answeredAt < this.#rememberFor) return
      this.#rotated.delete(sessionId)
    }
  }
}

function counter(): () => number {
  let count = 0
  return () => count++
}

/** Microseconds of the clock that all processes of a machine share and nobody sets; never the same twice in this one. */
function machineClock(): () => number {
  let last = 0
  return () => {
    last = Math.max(last + 1, Number(process.hrtime.bigint() / 1000n))
    return last
  }
}
