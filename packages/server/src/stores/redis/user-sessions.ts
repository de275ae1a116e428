import { bytesToId, idToBytes } from '../../ids.ts'
import type { Session } from '../../sessions/session.ts'
import type { StoredSession } from './codec.ts'
import type { KeyNames } from './keys.ts'
import type { RedisLink } from './link.ts'
import type { RedisSessions } from './sessions.ts'

/** An opening takes moments; one that is held up for longer enrols its session again before anybody hears of it. */
const BEING_OPENED_SECONDS = 60

/** A user's sessions that have not ended, as they were seen. */
export interface Sight {
  staying: StoredSession[]
  /** Those that have to make room, and that nobody has ended yet. */
  condemned: StoredSession[]
  /** What {@link UserSessions.condemn} compares with. */
  fingerprint: readonly [size: number, condemned: number, newest: number]
}

/**
 * The sorted set of a user's sessions. It holds the id of each before there is the session, and until it has ended; a
 * negative score says that the session has to make room.
 */
export class UserSessions {
  readonly #link: RedisLink
  readonly #keys: KeyNames
  readonly #sessions: RedisSessions

  constructor(link: RedisLink, keys: KeyNames, sessions: RedisSessions) {
    this.#link = link
    this.#keys = keys
    this.#sessions = sessions
  }

  async enrol(session: Session): Promise<void> {
    const key = this.#keys.user(session.userId)
    const ttl = this.#sessions.longestLifeOf(session)
    await this.#link.call((client) => client.latchkeyEnrol(1, key, idToBytes(session.id), ttl))
  }

  /** Reads all, and strikes off what is over. */
  async look(userId: string): Promise<Sight> {
    const flat = await this.#link.call((client) =>
      client.zrangeBuffer(this.#keys.user(userId), 0, '-1', 'WITHSCORES'),
    )
    const members = pairs(flat as Buffer[])
    const found = await this.#sessions.find(members.map(({ id }) => id))
    const seen = members.map((member, i) => ({ ...member, stored: found[i] }))
    await this.strike(userId, idsOf(seen.filter(({ stored }) => (stored?.session.ended ?? null) !== null)))
    await this.strike(userId, idsOf(seen.filter(({ stored }) => stored === undefined)), BEING_OPENED_SECONDS)

    const live = seen.filter(({ stored }) => stored?.session.ended === null)
    const isCondemned = ({ score }: { score: number }) => score < 0
    return {
      staying: live.filter((member) => !isCondemned(member)).map(({ stored }) => stored as StoredSession),
      condemned: live.filter(isCondemned).map(({ stored }) => stored as StoredSession),
      fingerprint: [members.length, members.filter(isCondemned).length, members.at(-1)?.score ?? 0],
    }
  }

  /** Says that sessions have to make room, unless the set is another than it was seen: false then. */
  async condemn(userId: string, ids: readonly string[], fingerprint: Sight['fingerprint']): Promise<boolean> {
    const key = this.#keys.user(userId)
    const members = ids.map(idToBytes)
    return (
      (await this.#link.call((client) => client.latchkeyCondemn(1, key, ...fingerprint, ...members))) === 1
    )
  }

  /** Takes sessions off that are over. */
  async strike(userId: string, ids: readonly string[], olderThanSeconds = 0): Promise<void> {
    if (ids.length === 0) return
    const key = this.#keys.user(userId)
    const members = ids.map(idToBytes)
    await this.#link.call((client) => client.latchkeyStrike(1, key, olderThanSeconds, ...members))
  }

  async remove(userId: string): Promise<void> {
    await this.#link.call((client) => client.del(this.#keys.user(userId)))
  }
}

function idsOf(list: readonly { id: string }[]): string[] {
  return list.map(({ id }) => id)
}

function pairs(flat: readonly Buffer[]): { id: string; score: number }[] {
  return Array.from({ length: flat.length / 2 }, (_, i) => ({
    id: bytesToId(flat[2 * i] as Buffer),
    score: Number((flat[2 * i + 1] as Buffer).toString()),
  }))
}
