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
 * soon as no request is under way that is older than its answer.
 */
export class RefreshArrivals {
  #ticks = 0
  readonly #underWay = new Set<Arrival>()
  readonly #rotated = new Map<string, Rotated>()

  /** To be called when a request's headers have arrived, before its body is read. */
  enter(): Arrival {
    const arrival: Arrival = { arrivedAt: this.#ticks++, answeredAt: undefined }
    this.#underWay.add(arrival)
    return arrival
  }

  /** To be called when the request has its answer, whatever it is. */
  leave(arrival: Arrival): void {
    arrival.answeredAt = this.#ticks++
    this.#underWay.delete(arrival)
    this.#forget()
  }

  /** Notes that `arrival` has moved a session on from `generation`. */
  rotated(sessionId: string, generation: number, by: Arrival): void {
    this.#rotated.delete(sessionId)
    this.#rotated.set(sessionId, { generation, by })
  }

  /** Whether a request had arrived before the rotation of this generation was answered. */
  cameBeforeAnswer(arrival: Arrival, sessionId: string, generation: number): boolean {
    const rotated = this.#rotated.get(sessionId)
    if (rotated === undefined || rotated.generation !== generation) return false
    return rotated.by.answeredAt === undefined || arrival.arrivedAt < rotated.by.answeredAt
  }

  /** How many rotations are remembered. */
  get size(): number {
    return this.#rotated.size
  }

  #forget(): void {
    const [oldest] = this.#underWay
    for (const [sessionId, { by }] of this.#rotated) {
      if (by.answeredAt === undefined || (oldest !== undefined && oldest.arrivedAt < by.answeredAt)) return
      this.#rotated.delete(sessionId)
    }
  }
}
