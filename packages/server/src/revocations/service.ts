import { setImmediate as nextTurn } from 'node:timers/promises'
import { AuthError } from '../errors.ts'
import type { Instant } from '../time.ts'
import { type FeedDependencies, RevocationFeed, type Subscription } from './feed.ts'
import { refuseTokenUntil } from './rules.ts'
import type { RevocationStore } from './store.ts'
import { HEARTBEAT_SECONDS } from './wire.ts'

/** Readers that a node has at most. */
const MAX_READERS = 10_000
const FORGET_EVERY_MS = 10_000
/** Rows that one statement removes: others want to write too. */
const FORGET_ROWS = 500
const FIRST_RETRY_MS = 50
/** What one node revokes is known to the others within a second, also just after their store was away. */
const LONGEST_RETRY_MS = 1_000

interface RevocationDependencies extends FeedDependencies {
  /** The ids of the services that are registered now. */
  registered: () => Promise<ReadonlySet<string>>
  onReadersDropped: (count: number) => void
}

/**
 * What is refused before it runs out. It hears of what this process revokes at once, and of what others do through the
 * store; a store that is away only delays it.
 */
export class RevocationService {
  readonly #store: RevocationStore
  readonly #registered: RevocationDependencies['registered']
  readonly #onReadersDropped: RevocationDependencies['onReadersDropped']
  readonly #feed: RevocationFeed
  #stopWatching = (): void => {}
  #timers: NodeJS.Timeout[] = []
  #retry: NodeJS.Timeout | undefined
  #failures = 0
  #takesReaders = true
  #closed = false

  constructor({ registered, onReadersDropped, ...dependencies }: RevocationDependencies) {
    this.#store = dependencies.store
    this.#registered = registered
    this.#onReadersDropped = onReadersDropped
    this.#feed = new RevocationFeed(dependencies)
  }

  /** How many readers the feed has on this node. */
  get readers(): number {
    return this.#feed.readers
  }

  /** Reads what is refused and begins to listen. To be called once. Rejects with STORE_UNAVAILABLE. */
  async start(): Promise<void> {
    await this.#feed.load()
    this.#stopWatching = this.#store.watch(() => this.#catchUp())
    this.#timers = [
      setInterval(() => void this.#beat(), HEARTBEAT_SECONDS * 1000),
      setInterval(() => void this.#forget(), FORGET_EVERY_MS),
    ]
    for (const timer of this.#timers) timer.unref()
  }

  /** Whether an access token is refused although it has not run out; asks nobody. */
  isRevoked({ sid, jti }: { sid?: string; jti?: string }): boolean {
    return (
      (sid !== undefined && this.#feed.has({ kind: 'sid', subject: sid })) ||
      (jti !== undefined && this.#feed.has({ kind: 'jti', subject: jti }))
    )
  }

  /**
   * Refuses one access token from now on: here before this resolves, and wherever the feed is read soon after. One that
   * is refused already, or has run out, changes nothing. Rejects with STORE_UNAVAILABLE.
   * @param token its id, and when it runs out
   */
  async revokeToken({ jti, expiresAt }: { jti: string; expiresAt: Instant }, now: Instant): Promise<void> {
    const until = refuseTokenUntil(expiresAt)
    if (until <= now || this.isRevoked({ jti })) return
    await this.#store.append({ kind: 'jti', subject: jti, revokedAt: now, expiresAt: until })
    await this.#feed.catchUp()
  }

  /** The feed for one reader. Rejects with OVERLOADED where there are too many, and with STORE_UNAVAILABLE. */
  async openFeed(subscription: Subscription): Promise<ReadableStream<Uint8Array>> {
    // A reader may have been told by another node what this one has not heard of: a snapshot without it would be a lie.
    await this.#feed.catchUp()
    if (!this.#takesReaders || this.#feed.readers >= MAX_READERS) {
      throw new AuthError('OVERLOADED', 'no more readers can be taken here', { retryAfterSeconds: 1 })
    }
    return this.#feed.subscribe(subscription)
  }

  /** Ends every reader, and takes no more: whoever reads goes on elsewhere, or here after the restart. */
  endFeeds(): void {
    this.#takesReaders = false
    this.#feed.endAllBut(new Set())
  }

  close(): void {
    this.#closed = true
    this.endFeeds()
    this.#stopWatching()
    for (const timer of this.#timers) clearInterval(timer)
    clearTimeout(this.#retry)
  }

  /** Never rejects: what could not be read is read later. */
  #catchUp(): void {
    if (this.#retry !== undefined || this.#closed) return
    this.#feed.catchUp().then(
      () => {
        this.#failures = 0
      },
      () => {
        if (this.#closed) return
        const wait = Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** this.#failures++)
        clearTimeout(this.#retry)
        this.#retry = setTimeout(() => {
          this.#retry = undefined
          this.#catchUp()
        }, wait)
        this.#retry.unref()
      },
    )
  }

  /**
   * A beat says that the reader knows all there is. So there is none while the store is away, and the services do
   * what their operators have decided for a feed that is silent.
   */
  async #beat(): Promise<void> {
    if (this.#feed.readers === 0) return
    try {
      await this.#feed.catchUp()
      this.#feed.endAllBut(await this.#registered())
      const dropped = this.#feed.beat()
      if (dropped > 0) this.#onReadersDropped(dropped)
    } catch {
      this.#catchUp()
    }
  }

  async #forget(): Promise<void> {
    const expired = this.#feed.forget()
    try {
      while (!this.#closed && (await this.#store.forget(expired, FORGET_ROWS)) === FORGET_ROWS) {
        await nextTurn()
      }
    } catch {
      // There is time: the next round does it.
    }
  }
}
