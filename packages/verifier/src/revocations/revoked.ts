import { type Entry, KINDS, type Kind } from './messages.ts'

/** What a token can be refused for. */
export type Names = Readonly<Record<Kind, string>>

export interface Clocks {
  /** Epoch milliseconds. */
  now: () => number
  /** Milliseconds since any instant; it is never set. */
  elapsed: () => number
}

interface Held {
  expiresAt: number
  /** In `elapsed`. */
  keptUntil: number
}

/** How many entries are looked at once a second, and in between: more than are heard, and no work to speak of. */
const LOOKED_AT = { eachSecond: 1000, between: 30 }

type Sets = Readonly<Record<Kind, Map<string, Held>>>

/**
 * What is revoked now, as far as the service has said. An entry is forgotten when no token that it could concern is good any more,
 * and only when both clocks say so, for one of them can be set ahead and back again.
 */
export class Revoked {
  readonly #clocks: Clocks
  readonly #leewayMs: number
  #sets = emptySets()
  /** The parts of a snapshot that is not complete yet. */
  #pending: Sets | undefined
  /** What is still to be looked at in this round. */
  #round = everyEntry(this.#sets)
  /** In `elapsed`. */
  #lookedAt = Number.NEGATIVE_INFINITY

  /** @param clockLeewaySeconds for how long the verifier accepts a token after its end */
  constructor(clocks: Clocks, clockLeewaySeconds: number) {
    this.#clocks = clocks
    this.#leewayMs = clockLeewaySeconds * 1000
  }

  get size(): number {
    return KINDS.reduce((sum, kind) => sum + this.#sets[kind].size, 0)
  }

  has(kind: Kind, subject: string): boolean {
    return this.#sets[kind].has(subject)
  }

  /** Which of the names is revoked, if any. */
  findAmong(names: Names): Kind | undefined {
    const { sid, jti, kid } = this.#sets
    if (kid.has(names.kid)) return 'kid'
    if (sid.has(names.sid)) return 'sid'
    return jti.has(names.jti) ? 'jti' : undefined
  }

  add(entry: Entry): void {
    this.#put(entry, this.#sets)
    if (this.#pending) this.#put(entry, this.#pending)
  }

  /** With the last part, what the parts hold takes the place of everything, in one step. */
  addPart(entries: readonly Entry[], isLast: boolean): void {
    this.#pending ??= emptySets()
    for (const entry of entries) this.#put(entry, this.#pending)
    if (!isLast) return
    this.#sets = this.#pending
    this.#round = everyEntry(this.#sets)
    this.#pending = undefined
  }

  /** The rest of a snapshot will not come. */
  dropParts(): void {
    this.#pending = undefined
  }

  /**
   * To be called now and then, by whoever brings entries: no token pays for it. Looks at some of them, one after the other, because
   * they don't end in the order in which they came.
   */
  forgetWhatIsOver(): void {
    const now = this.#clocks.now()
    const elapsed = this.#clocks.elapsed()
    for (let left = this.#looksAt(elapsed); left > 0; left--) {
      const { done, value } = this.#round.next()
      if (done) {
        this.#round = everyEntry(this.#sets)
        return
      }
      const { set, subject, held } = value
      if (held.expiresAt < now && held.keptUntil < elapsed) set.delete(subject)
    }
  }

  #looksAt(elapsed: number): number {
    if (elapsed - this.#lookedAt < 1000) return LOOKED_AT.between
    this.#lookedAt = elapsed
    return LOOKED_AT.eachSecond
  }

  #put({ kind, subject, revokedAt, expiresAt }: Entry, sets: Sets): void {
    const keptUntil = this.#clocks.elapsed() + (expiresAt - revokedAt) + this.#leewayMs
    sets[kind].set(subject, { expiresAt: expiresAt + this.#leewayMs, keptUntil })
  }
}

/** Also those that come while it is under way. */
function* everyEntry(sets: Sets) {
  for (const kind of KINDS) {
    const set = sets[kind]
    for (const [subject, held] of set) yield { set, subject, held }
  }
}

function emptySets(): Sets {
  return { sid: new Map(), jti: new Map(), kid: new Map() }
}
