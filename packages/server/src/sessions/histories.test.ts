import { expect, test } from 'vitest'
import type { Verdict } from './rules.ts'
import { REMEMBERED_ATTEMPTS, type Session } from './session.ts'
import { History, type Request } from './testing/history.ts'
import { DAY, SECOND, seededRandom } from './testing/sessions.ts'

const HISTORIES = 3000
const STEPS = 100

test('whoever presents what in whatever order, the session moves one step at a time and nobody gets more than they may', () => {
  const outcomes = new Map<string, number>()
  for (let seed = 0; seed < HISTORIES; seed++) {
    const random = seededRandom(seed)
    const pick = (below: number) => Math.floor(random() * below)
    const history = new History()
    const witness = new Witness(history)
    const underWay: Request[] = []

    for (let step = 0; step < STEPS; step++) {
      const dice = random()
      witness.watch(`seed ${seed}, step ${step}`, step)
      if (dice < 0.02) history.end('logout')
      else if (dice < 0.05) history.now += pick(8 * DAY)
      else if (dice < 0.07) history.now -= pick(DAY)
      else if (dice < 0.2) history.now += pick(SECOND)
      else if (dice < 0.4 || underWay.length === 0) {
        // Any token that was ever given out, the newest ones most often; with no key, or with one of a few.
        const generation = Math.max(0, history.row.generation - Math.floor(7 * random() ** 3))
        const keyDigest = random() < 0.3 ? null : `k${Math.max(0, generation - pick(2))}${pick(2)}`
        underWay.push(history.send(generation, keyDigest, pick(2)))
      } else {
        const request = underWay[pick(underWay.length)] as Request
        history.advance(request)
        witness.advanced(request)
        if (request.stage === 'answered') underWay.splice(underWay.indexOf(request), 1)
      }
      witness.compare()
    }
    for (const [kind, count] of witness.outcomes) outcomes.set(kind, (outcomes.get(kind) ?? 0) + count)
  }

  // The histories reach everything there is to reach, often.
  for (const kind of ['rotate', 'replay', 'superseded', 'reused', 'revoked', 'expired']) {
    expect(outcomes.get(kind), kind).toBeGreaterThan(100)
  }
})

test('a client that keeps its key until it is answered is never refused, whatever the network loses, repeats or reorders', () => {
  let copies = 0
  for (let seed = 0; seed < HISTORIES; seed++) {
    const random = seededRandom(seed)
    const history = new History()
    const client = new KeyedClient(history, random)
    const repeated: Request[] = []

    for (let step = 0; step < STEPS; step++) {
      history.now += Math.floor(random() * 3600) * SECOND
      const copy = repeated[Math.floor(random() * repeated.length)]
      if (random() < 0.2 && client.attempt !== undefined) {
        const { generation, keyDigest } = client.attempt
        repeated.push(history.send(generation, keyDigest, Math.floor(random() * 2)))
      } else if (random() < 0.3 && copy !== undefined) {
        // A copy that is older than the memory is an alarm: the network of this test is not that slow.
        const forgotten = copy.generation < history.row.generation - REMEMBERED_ATTEMPTS
        if (forgotten || copy.stage === 'answered') repeated.splice(repeated.indexOf(copy), 1)
        else history.advance(copy)
        if (copy.stage === 'answered') {
          copies++
          expect(copy.outcome, `seed ${seed}`).toBeOneOf([copy.generation + 1, 'superseded'])
        }
      } else client.act(`seed ${seed}, step ${step}`)
    }
    expect(history.row.ended, `seed ${seed}`).toBeNull()
  }
  expect(copies).toBeGreaterThan(HISTORIES)
})

test('a store that goes back in time costs nobody their session, and the session goes on from the newest token', () => {
  let aheadOfStore = 0
  for (let seed = 0; seed < HISTORIES; seed++) {
    const random = seededRandom(seed)
    const history = new History()
    const client = new KeyedClient(history, random)
    const backups: Session[] = [history.row]

    for (let step = 0; step < STEPS; step++) {
      if (random() < 0.05) backups.push(history.row)
      if (random() < 0.03) history.row = backups[Math.floor(random() * backups.length)] as Session
      client.act(`seed ${seed}, step ${step}`)
      const verdict = client.attempt?.verdict
      if (verdict?.kind === 'rotate' && verdict.aheadOfStore) aheadOfStore++
    }
    expect(history.row.ended, `seed ${seed}`).toBeNull()
  }
  expect(aheadOfStore).toBeGreaterThan(HISTORIES)
})

test('of a thief and the owner of a token, neither goes on once both have used it', () => {
  for (let seed = 0; seed < HISTORIES; seed++) {
    const random = seededRandom(seed)
    const history = new History()
    const owner = new KeyedClient(history, random)
    while (owner.generation < 1 + Math.floor(random() * 10)) owner.act(`seed ${seed}`)
    const thief = new KeyedClient(history, random, owner.generation)

    const refused = new Set<KeyedClient>()
    while (refused.size < 2) {
      // One after the other: two that race look like two tabs, and only the next refresh tells them apart.
      const who = random() < 0.5 ? thief : owner
      const outcome = finish(history, history.send(who.generation, `${random()}`, 0))
      if (typeof outcome === 'number') who.generation = outcome
      else refused.add(who)
    }
    expect(history.row.ended?.reason, `seed ${seed}`).toBe('reuse_detected')
  }
})

interface Rotation {
  keyDigest: string | null
  node: number
  /** The step in which it was answered; undefined while it is not. */
  answeredIn: number | undefined
}

/** Writes down what happens, beside the rules, and objects to what must never happen. */
class Witness {
  readonly outcomes = new Map<string, number>()
  readonly #history: History
  readonly #absoluteEnd: number
  readonly #rotations = new Map<number, Rotation>()
  readonly #arrivedIn = new Map<Request, number>()
  #before: Session
  #step = 0
  #about = ''

  constructor(history: History) {
    this.#history = history
    this.#before = history.row
    this.#absoluteEnd = history.row.expiresAt
  }

  watch(about: string, step: number): void {
    this.#about = about
    this.#step = step
    this.#before = this.#history.row
  }

  advanced(request: Request): void {
    if (request.stage === 'arrived' && !this.#arrivedIn.has(request)) this.#arrivedIn.set(request, this.#step)
    if (request.stage === 'decided') this.#decided(request)
    if (request.stage === 'answered' && request.verdict?.kind === 'rotate') {
      this.#rotationOf(request).answeredIn = this.#step
    }
  }

  compare(): void {
    const { row } = this.#history
    const before = this.#before
    this.#demand(before.ended === null || row === before, 'what has ended stays as it is')
    this.#demand([0, 1].includes(row.generation - before.generation), 'one step at a time')
    this.#demand(row.expiresAt === this.#absoluteEnd, 'the absolute end never moves')
    this.#demand(row.attempts.length <= REMEMBERED_ATTEMPTS, 'the memory is bounded')
  }

  #decided(request: Request): void {
    const { generation, keyDigest, node, outcome } = request
    const seen = request.seen as Session
    const { kind } = request.verdict as Verdict
    this.outcomes.set(kind, (this.outcomes.get(kind) ?? 0) + 1)

    if (typeof outcome === 'number') {
      this.#demand(outcome === generation + 1, 'a token has one successor')
      this.#demand(seen.ended === null, 'an ended session gives nothing')
    }
    switch (kind) {
      case 'rotate':
        this.#demand(generation === this.#before.generation, 'only the current token moves the session')
        this.#demand(!this.#rotations.has(generation), 'a generation rotates once')
        this.#rotations.set(generation, { keyDigest, node, answeredIn: undefined })
        return
      case 'replay':
        this.#demand(this.#mayHaveAgain(request), 'a spent token earns its answer again only for a reason')
        return
      case 'reused':
        this.#demand(
          generation < seen.generation - 1 || !this.#mayHaveAgain(request),
          'no alarm without a theft',
        )
        this.#demand(this.#history.row.ended !== null, 'reuse ends the session')
        return
      case 'superseded':
        this.#demand(this.#rotationOf(request).keyDigest === keyDigest, 'a copy has the key of its attempt')
        this.#demand(this.#history.row === this.#before, 'a copy changes nothing')
        return
      case 'expired':
        this.#demand(this.#history.row.ended !== null, 'a session that was found expired has ended')
    }
  }

  /** By the key that rotated it, or because it was under way on the same node when that was answered. */
  #mayHaveAgain(request: Request): boolean {
    const { keyDigest, node, answeredIn } = this.#rotationOf(request)
    const sameKey = keyDigest !== null && request.keyDigest === keyDigest
    const arrivedIn = this.#arrivedIn.get(request) as number
    const raced = request.node === node && (answeredIn === undefined || arrivedIn < answeredIn)
    return sameKey || raced
  }

  #rotationOf({ generation }: Request): Rotation {
    return this.#rotations.get(generation) as Rotation
  }

  #demand(holds: boolean, rule: string): void {
    if (!holds) throw new Error(`${rule}: not so in ${this.#about}`)
  }
}

/** Sends one request at a time, with a key that it keeps until it has the answer. */
class KeyedClient {
  generation: number
  attempt: Request | undefined
  readonly #history: History
  readonly #random: () => number
  #key: string | undefined

  constructor(history: History, random: () => number, generation = 0) {
    this.#history = history
    this.#random = random
    this.generation = generation
  }

  /** Sends, lets the attempt go on, loses its answer, or takes it. */
  act(about: string): void {
    const { attempt } = this
    if (attempt === undefined) {
      this.#key ??= `${this.#random()}`
      this.attempt = this.#history.send(this.generation, this.#key, Math.floor(this.#random() * 2))
      return
    }
    if (this.#random() < 0.1) this.attempt = undefined
    else this.#history.advance(attempt)
    if (attempt.stage !== 'answered' || this.attempt === undefined) return
    expect(attempt.outcome, about).toBe(this.generation + 1)
    this.generation += 1
    this.#key = undefined
    this.attempt = undefined
  }
}

function finish(history: History, request: Request): Request['outcome'] {
  while (request.stage !== 'answered') history.advance(request)
  return request.outcome
}
