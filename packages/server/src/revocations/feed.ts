import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Clock, Instant } from '../time.ts'
import type { RevocationEntry } from './entry.ts'
import { HeldRevocations, type Times } from './held.ts'
import { LogPlace } from './log-place.ts'
import { FeedReader, type FeedReaderOptions } from './reader.ts'
import { eventId, NOTHING, parseEventId } from './rules.ts'
import type { RevocationStore } from './store.ts'
import { BEAT, currentEvent, EntryBytes, OPENING } from './wire.ts'

/** Entries that one event, or one write to a reader, holds at most. */
const CHUNK_ENTRIES = 500
/** Entries that are read from the store at once. */
const PAGE_ENTRIES = 1_000
/** Readers that are woken in one turn of the event loop: some two milliseconds, where a node may have ten thousand. */
const WOKEN_AT_ONCE = 250

export interface FeedDependencies {
  store: RevocationStore
  now: Clock
  /** Milliseconds since any instant, by a clock that is never set. */
  elapsed: () => number
  /** Hears of each entry when readers are sent it, whichever node made it; not of those that were there at the start. */
  onPublished: (entry: RevocationEntry) => void
}

export interface Subscription extends Pick<FeedReaderOptions, 'serviceId' | 'connection'> {
  /** The reader's `Last-Event-ID`, or null. */
  lastEventId: string | null
}

/** What is refused, held in memory and told to readers in the order of the log. */
export class RevocationFeed {
  readonly #store: RevocationStore
  readonly #now: Clock
  readonly #elapsed: () => number
  readonly #onPublished: FeedDependencies['onPublished']
  readonly #held = new HeldRevocations()
  #bytes = new EntryBytes()
  readonly #readers = new Set<FeedReader>()
  readonly #place = new LogPlace()
  #reading: Promise<void> = Promise.resolve()
  #waiting: Promise<void> | undefined

  constructor({ store, now, elapsed, onPublished }: FeedDependencies) {
    this.#store = store
    this.#now = now
    this.#elapsed = elapsed
    this.#onPublished = onPublished
  }

  get readers(): number {
    return this.#readers.size
  }

  has(revocation: Pick<RevocationEntry, 'kind' | 'subject'>): boolean {
    return this.#held.has(revocation.kind, revocation.subject)
  }

  /** Reads what is in the log already. To be called once, first. */
  async load(): Promise<void> {
    const newest = await this.#store.newest()
    const now = this.#now()
    let last: RevocationEntry | undefined
    for (let count = PAGE_ENTRIES; count === PAGE_ENTRIES; ) {
      const entries = await this.#store.unexpired(now, last?.position ?? 0, PAGE_ENTRIES)
      this.#held.add(entries, this.#times())
      last = entries.at(-1) ?? last
      count = entries.length
    }
    this.#place.moveTo(newest, last)
  }

  /** Resolves once everything that was in the log when it was called is held, and on its way to the readers. */
  catchUp(): Promise<void> {
    // A read that is under way may have looked before what the caller is after: the next one will see it.
    this.#waiting ??= this.#reading
      .catch(() => undefined)
      .then(() => {
        this.#waiting = undefined
        this.#reading = this.#place.readOn(this.#store, this.#now, async (entries, isAnother) => {
          this.#publish(entries, isAnother)
          // Others have their turn: a store inside the process answers without ever letting go.
          await nextTurn()
        })
        return this.#reading
      })
    return this.#waiting
  }

  /** A new reader's stream. The feed has to have caught up, or the reader would lose what it knows better. */
  subscribe({ lastEventId, ...options }: Subscription): ReadableStream<Uint8Array> {
    const reader = new FeedReader({
      ...options,
      chunks: this.#chunks(lastEventId),
      onGone: (gone) => void this.#readers.delete(gone),
    })
    this.#readers.add(reader)
    return reader.stream
  }

  /** Sends every reader a sign of life. Returns how many it has given up, since they take nothing. */
  beat(): number {
    const stalled = [...this.#readers].filter((reader) => !reader.beat(BEAT))
    for (const reader of stalled) {
      this.#readers.delete(reader)
      reader.drop()
    }
    return stalled.length
  }

  /** Ends the readers of all services but these. */
  endAllBut(serviceIds: ReadonlySet<string>): void {
    for (const reader of this.#readers) {
      if (serviceIds.has(reader.serviceId)) continue
      this.#readers.delete(reader)
      reader.end()
    }
  }

  /** Lets go of what has expired. Returns the instant up to which the log may do so too. */
  forget(): Instant {
    return this.#held.forget(this.#times())
  }

  #times(): Times {
    return { now: this.#now(), elapsed: this.#elapsed() }
  }

  #publish(entries: readonly RevocationEntry[], isAnotherLog: boolean): void {
    const news = isAnotherLog ? entries.filter((entry) => !this.has(entry)) : entries
    if (isAnotherLog) {
      // Their places are none in this log: they come again, and are told all that they need.
      this.endAllBut(new Set())
      this.#held.startAnew()
      this.#bytes = new EntryBytes()
    }
    this.#held.add(entries, this.#times())
    void this.#wake()
    for (const entry of news) this.#onPublished(entry)
  }

  /** Each reader goes on from its own place, so that none misses or repeats anything, whenever its turn is. */
  async #wake(): Promise<void> {
    let woken = 0
    for (const reader of this.#readers) {
      if (woken > 0 && woken % WOKEN_AT_ONCE === 0) await nextTurn()
      reader.wake()
      woken++
    }
  }

  /** What a reader is sent, chunk by chunk; null whenever it has everything. */
  *#chunks(lastEventId: string | null): Generator<Uint8Array | null> {
    yield OPENING
    let position = this.#placeOf(lastEventId) ?? (yield* this.#snapshot())
    for (let isCurrent = false; ; ) {
      const entries = this.#held.after(position, CHUNK_ENTRIES)
      const last = entries.at(-1)
      if (last !== undefined) {
        position = last.position
        yield this.#bytes.revoked(entries)
      } else if (isCurrent) {
        yield null
      } else {
        isCurrent = true
        yield currentEvent(this.#now())
      }
    }
  }

  /** Everything that is held now, in parts. Returns the position behind which the reader goes on. */
  *#snapshot(): Generator<Uint8Array, number> {
    const newest = this.#held.newest()
    const end = newest?.position ?? 0
    let position = 0
    for (;;) {
      const entries = this.#held.after(position, CHUNK_ENTRIES).filter((entry) => entry.position <= end)
      position = entries.at(-1)?.position ?? end
      const isLast = position === end || entries.length < CHUNK_ENTRIES
      yield this.#bytes.snapshot(entries, isLast ? eventId(newest ?? NOTHING) : null)
      if (isLast) return end
    }
  }

  /** The position behind which a reader goes on; null when it needs a snapshot. */
  #placeOf(lastEventId: string | null): number | null {
    const named = parseEventId(lastEventId ?? '')
    const entry = named === null ? undefined : this.#held.at(named.position)
    return entry?.revokedAt === named?.revokedAt ? (entry?.position ?? null) : null
  }
}
