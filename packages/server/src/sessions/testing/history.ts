import { type Arrival, RefreshArrivals } from '../arrivals.ts'
import { judge, rotated, type Verdict } from '../rules.ts'
import type { Session } from '../session.ts'
import { aSession, POLICY } from './sessions.ts'

/** A refresh request on its way through a node: it arrives, is judged, is written, is answered. */
export interface Request {
  generation: number
  keyDigest: string | null
  node: number
  stage: 'sent' | 'arrived' | 'judged' | 'decided' | 'answered'
  arrival: Arrival | undefined
  /** The row as it was when the request was judged. */
  seen: Session | undefined
  verdict: Verdict | undefined
  /** The generation of the token in the answer, or why there is none. */
  outcome: number | Exclude<Verdict['kind'], 'rotate' | 'replay'> | undefined
}

/**
 * One session under the rules, as two nodes work on it: every stage of every request is a step of its own, so that
 * any two requests can meet at any point. The row offers what a store offers: read, compare-and-set and end.
 */
export class History {
  row: Session = aSession()
  now = this.row.createdAt
  readonly #nodes = [new RefreshArrivals(), new RefreshArrivals()]

  send(generation: number, keyDigest: string | null, node: number): Request {
    return {
      generation,
      keyDigest,
      node,
      stage: 'sent',
      arrival: undefined,
      seen: undefined,
      verdict: undefined,
      outcome: undefined,
    }
  }

  /** Takes a request one stage further. */
  advance(request: Request): void {
    switch (request.stage) {
      case 'sent':
        request.arrival = this.#node(request).enter()
        request.stage = 'arrived'
        return
      case 'arrived':
        request.seen = this.row
        request.verdict = judge(this.row, this.#presented(request), this.now, POLICY)
        request.stage = 'judged'
        return
      case 'judged':
        this.#write(request)
        return
      case 'decided':
        this.#node(request).leave(request.arrival as Arrival)
        request.stage = 'answered'
        return
      case 'answered':
    }
  }

  end(reason: 'logout' | 'reuse_detected' | 'expired'): void {
    if (this.row.ended === null) this.row = { ...this.row, ended: { at: this.now, reason } }
  }

  #write(request: Request): void {
    const verdict = request.verdict as Verdict
    const seen = request.seen as Session
    if (verdict.kind === 'rotate') {
      const moves = this.row.ended === null && this.row.generation === seen.generation
      // Whoever lost is judged again, against the row as it now stands.
      request.stage = moves ? 'decided' : 'arrived'
      if (!moves) return
      this.row = rotated(seen, this.#presented(request), this.now)
      this.#node(request).rotating(this.row.id, request.generation, request.arrival as Arrival)
      request.outcome = this.row.generation
      return
    }
    if (verdict.kind === 'reused') this.end('reuse_detected')
    if (verdict.kind === 'expired') this.end('expired')
    request.outcome = verdict.kind === 'replay' ? seen.generation : verdict.kind
    request.stage = 'decided'
  }

  #presented({ generation, keyDigest, node, arrival }: Request) {
    const arrivals = this.#nodes[node] as RefreshArrivals
    const arrivedBeforeAnswer = arrivals.cameBeforeAnswer(arrival as Arrival, this.row.id, generation)
    return { generation, keyDigest, arrivedBeforeAnswer }
  }

  #node({ node }: Request): RefreshArrivals {
    return this.#nodes[node] as RefreshArrivals
  }
}
