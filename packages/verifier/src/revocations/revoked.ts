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

/** A hundredth of a second's work. */
const MOST_FORGOTTEN_AT_ONCE = 10_000

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
    this.#pending = undefined
  }

  /** The rest of a snapshot will not come. */
  dropParts(): void {
    this.#pending = undefined
  }

  /** To be called now and then, by whoever brings entries: no token pays for it, and a look at one entry is enough when none is due. */
  forgetWhatIsOver(): void {
    const now = this.#clocks.now()
    const elapsed = this.#clocks.elapsed()
    for (const kind of KINDS) {
      let left = MOST_FORGOTTEN_AT_ONCE
      for (const [subject, { expiresAt, keptUntil }] of this.#sets[kind]) {
        if (left-- === 0 || !(expiresAt < now && keptUntil < elapsed)) break
        this.#sets[kind].delete(subject)
      }
    }
  }

  #put({ kind, subject, revokedAt, expiresAt }: Entry, sets: Sets): void {
    const keptUntil = this.#clocks.elapsed() + (expiresAt - revokedAt) + this.#leewayMs
    // Taken out first, so that each map is in the order in which its entries were heard last.
    sets[kind].delete(subject)
    sets[kind].set(subject, { expiresAt: expiresAt + this.#leewayMs, keptUntil })
  }
}

function emptySets(): Sets {
  return { sid: new Map(), jti: new Map(), kid: new Map() }
}
