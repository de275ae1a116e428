import { randomBytes } from 'node:crypto'
import { StoreUnavailableError } from '../../errors.ts'
import type { Ended, Session } from '../../sessions/session.ts'
import type { Rotation } from '../../sessions/store.ts'
import {
  decodeSession,
  encodeEnding,
  encodeGeneration,
  encodeRotation,
  encodeSession,
  MARK_BYTES,
  type StoredSession,
} from './codec.ts'
import type { KeyNames } from './keys.ts'
import type { RedisLink } from './link.ts'
import { type Share, sharesOf } from './shares.ts'

/** Keys of one command: others want to be served too. */
export const STEP_KEYS = 256
const SHORTEST_TTL_MS = 1_000

export interface Lifetimes {
  idleTtlSeconds: number
  sessionRetentionSeconds: number
}

/**
 * The values of sessions, one key each. Redis counts how long each lives by its own clock, from when it is written.
 * It knows no accounts.
 */
export class RedisSessions {
  readonly #link: RedisLink
  readonly #keys: KeyNames
  readonly #idleTtlMs: number
  readonly #retentionMs: number

  constructor(link: RedisLink, keys: KeyNames, { idleTtlSeconds, sessionRetentionSeconds }: Lifetimes) {
    this.#link = link
    this.#keys = keys
    this.#idleTtlMs = idleTtlSeconds * 1000
    this.#retentionMs = Math.max(SHORTEST_TTL_MS, sessionRetentionSeconds * 1000)
  }

  /** How long a session that is opened now may be around, ended or not. */
  longestLifeOf({ createdAt, expiresAt }: Session): number {
    return Math.max(0, expiresAt - createdAt) + this.#retentionMs
  }

  /** Only where there is nothing: what was sent twice may come a second time when the session has ended. */
  async add(stored: StoredSession): Promise<void> {
    const { session } = stored
    const value = encodeSession(stored, newMark())
    const ttl = this.#lifeFrom(session.createdAt, session)
    await this.#link.call((client) => client.set(this.#keys.session(session.id), value, 'PX', ttl, 'NX'))
  }

  /** Takes back a session that nobody has heard of; false where somebody has ended it already. */
  async withdraw(id: string): Promise<boolean> {
    return (await this.#link.call((client) => client.latchkeyWithdraw(1, this.#keys.session(id)))) === 1
  }

  /** In the order asked; undefined where there is none. */
  async find(ids: readonly string[]): Promise<(StoredSession | undefined)[]> {
    const values = await this.#grouped(ids, (group) => this.#read(group.map((id) => this.#keys.session(id))))
    return values.map((value, i) => (value === null ? undefined : decoded(ids[i] as string, value)))
  }

  /** True where a session has moved. */
  async rotate(rotations: readonly Rotation[]): Promise<boolean[]> {
    const mark = newMark()
    const outcomes = await this.#grouped(rotations, (group) => {
      const keys = group.map(({ next }) => this.#keys.session(next.id))
      const rest = group.flatMap(({ expectedGeneration, next }) => [
        encodeGeneration(expectedGeneration),
        encodeRotation(next, mark),
        this.#lifeFrom(next.lastUsedAt, next),
      ])
      return this.#link.call((client) => client.latchkeyRotate(keys.length, ...keys, ...rest))
    })
    return outcomes.map((outcome) => outcome === 1)
  }

  /** Ends those that have not ended, and resolves to their ids. */
  async end(ids: readonly string[], ended: Ended): Promise<string[]> {
    const head = encodeEnding(ended, newMark())
    const outcomes = await this.#grouped(ids, (group) => {
      const keys = group.map((id) => this.#keys.session(id))
      return this.#link.call((client) => client.latchkeyEnd(keys.length, ...keys, head, this.#retentionMs))
    })
    return ids.filter((_, i) => outcomes[i] === 1)
  }

  async remove(ids: readonly string[]): Promise<void> {
    await this.#grouped(ids, async (group) => {
      await this.#link.call((client) => client.del(...group.map((id) => this.#keys.session(id))))
      return []
    })
  }

  /**
   * Calls back with the live sessions of all users, so many at a time, and with how far it has come, from 0 to 1. One that is
   * changed meanwhile may come twice. Rejects with `StoreUnavailableError`, also where a cluster was not the same all the time.
   */
  async walk(visit: (sessions: Session[], done: number) => Promise<void>): Promise<void> {
    const shares = await sharesOf(this.#link)
    for (const [i, { node }] of shares.entries()) {
      const total = Math.max(1, await this.#link.call(() => node.dbsize()))
      let seen = 0
      let cursor = '0'
      do {
        const [next, keys] = await this.#link.call(() =>
          node.scan(cursor, 'MATCH', this.#keys.anySession, 'COUNT', STEP_KEYS),
        )
        cursor = next
        seen += STEP_KEYS
        const found = await this.find(keys.map((key) => this.#keys.sessionIdOf(key)))
        const live = found.flatMap((stored) => (stored?.session.ended === null ? [stored.session] : []))
        await visit(live, (i + Math.min(1, seen / total)) / shares.length)
      } while (cursor !== '0')
    }
    // What has moved from a server that was still to come to one that was done has been seen by nobody.
    const after = await sharesOf(this.#link)
    if (after.map(nameOf).join() !== shares.map(nameOf).join()) {
      throw new StoreUnavailableError(new Error('keys were moved between the servers of the cluster'))
    }
  }

  async #read(keys: readonly string[]): Promise<(Buffer | null)[]> {
    const [only] = keys
    if (keys.length === 1) return [await this.#link.call((client) => client.getBuffer(only as string))]
    return await this.#link.call((client) => client.mgetBuffer([...keys]))
  }

  /** Runs a command for groups of keys that one command may name, all on their way at once, and joins what they answer. */
  async #grouped<Item, Answer>(
    items: readonly Item[],
    run: (group: readonly Item[]) => Promise<Answer[]>,
  ): Promise<Answer[]> {
    const size = this.#link.isCluster ? 1 : STEP_KEYS
    const [first] = items
    if (first === undefined) return []
    if (items.length <= size) return await run(items)
    const groups: Promise<Answer[]>[] = []
    for (let i = 0; i < items.length; i += size) groups.push(run(items.slice(i, i + size)))
    return (await Promise.all(groups)).flat()
  }

  /** For how long a session that is written at an instant can be of use, and can be told from one that never was. */
  #lifeFrom(now: number, { expiresAt, lastUsedAt }: Session): number {
    const usable = Math.min(expiresAt, lastUsedAt + this.#idleTtlMs) - now
    return Math.max(0, usable) + this.#retentionMs
  }
}

function decoded(id: string, value: Buffer): StoredSession {
  try {
    return decodeSession(id, value)
  } catch (error) {
    // Somebody else has written it, or half of it: no session can be told from that.
    throw new StoreUnavailableError(error)
  }
}

function nameOf({ name }: Share): string {
  return name
}

function newMark(): Uint8Array {
  return randomBytes(MARK_BYTES)
}
