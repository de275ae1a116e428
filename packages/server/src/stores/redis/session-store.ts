import type { SessionEndReason } from '@latchkey/protocol'
import { revocationsOf } from '../../revocations/store.ts'
import type { Session } from '../../sessions/session.ts'
import type { Opening, OwnedSession, SessionStore } from '../../sessions/store.ts'
import type { Instant } from '../../time.ts'
import type { AccountRow, SqlDatabase } from '../sql/database.ts'
import { appendRevocations } from '../sql/revocation-store.ts'
import type { StoredSession } from './codec.ts'
import { ownedBy } from './overlay.ts'
import type { RevokedSessions } from './revoked.ts'
import { type RedisSessions, STEP_KEYS } from './sessions.ts'
import type { UserSessions } from './user-sessions.ts'

export interface Ending {
  reason: SessionEndReason
  now: Instant
}

interface RedisSessionStoreDependencies {
  database: SqlDatabase
  sessions: RedisSessions
  ofUsers: UserSessions
  revoked: RevokedSessions
  /** How long the access tokens of an ended session may live on now: so long its end is told. */
  refusedForMs: () => number
  /** To be called when the log of revocations has grown. */
  onLogged: () => void
}

/** Sessions in Redis, of accounts in SQL. What ends is in the log, which is SQL's too, before it ends in Redis. */
export class RedisSessionStore implements SessionStore {
  readonly #database: SqlDatabase
  readonly #sessions: RedisSessions
  readonly #ofUsers: UserSessions
  readonly #revoked: RevokedSessions
  readonly #refusedForMs: () => number
  readonly #onLogged: () => void

  constructor({
    database,
    sessions,
    ofUsers,
    revoked,
    refusedForMs,
    onLogged,
  }: RedisSessionStoreDependencies) {
    this.#database = database
    this.#sessions = sessions
    this.#ofUsers = ofUsers
    this.#revoked = revoked
    this.#refusedForMs = refusedForMs
    this.#onLogged = onLogged
  }

  async open(opening: Opening): ReturnType<SessionStore['open']> {
    const { session, credentialVersion } = opening
    if (!(await this.#stands(opening))) return { opened: false }
    await this.#ofUsers.enrol(session)
    await this.#sessions.add({ session, credentialVersion })
    // Whoever changes the account after this look finds the session, and who has changed it before is found here.
    if (!(await this.#stands(opening)) && (await this.#sessions.withdraw(session.id))) {
      await this.#ofUsers.strike(session.userId, [session.id])
      return { opened: false }
    }
    try {
      // Once more, for an opening that was held up so long that its place was taken away.
      await this.#ofUsers.enrol(session)
      return { opened: true, endedIds: await this.#makeRoom(opening) }
    } catch (error) {
      // Nobody has heard of it. Where Redis is away it stays, and ends as what is not used.
      await this.#sessions.withdraw(session.id).catch(() => {})
      throw error
    }
  }

  async findMany(ids: readonly string[]): Promise<(OwnedSession | undefined)[]> {
    const found = await this.#sessions.find(ids)
    const userIds = [
      ...new Set(found.flatMap((stored) => (stored === undefined ? [] : [stored.session.userId]))),
    ]
    if (userIds.length === 0) return found.map(() => undefined)
    const rows = await this.#database.findAccounts(userIds)
    const accounts = new Map(userIds.map((id, i) => [id, rows[i]]))
    return found.map((stored) =>
      stored === undefined ? undefined : this.#owned(stored, accounts.get(stored.session.userId)),
    )
  }

  rotateMany: SessionStore['rotateMany'] = (rotations) => this.#sessions.rotate(rotations)

  async endMany(ids: readonly string[], reason: SessionEndReason, now: Instant): Promise<string[]> {
    return await this.end(await this.#live(ids), { reason, now })
  }

  async listByUser(userId: string): Promise<Session[]> {
    const { staying } = await this.#ofUsers.look(userId)
    if (staying.length === 0) return []
    const [row] = await this.#database.findAccounts([userId])
    return staying
      .flatMap((stored) => this.#owned(stored, row)?.session ?? [])
      .filter(({ ended }) => ended === null)
      .toSorted(byLastUse)
  }

  async endByUser(
    userId: string,
    { except, ...ending }: Ending & { except: string | null },
  ): Promise<string[]> {
    return await this.end(await this.liveOf(userId, except), ending)
  }

  endOpenedBefore: SessionStore['endOpenedBefore'] = async (before, reason, now, onProgress) => {
    let count = 0
    await this.#sessions.walk(async (sessions, done) => {
      const older = sessions.filter(({ createdAt }) => createdAt < before)
      count += (await this.end(older, { reason, now })).length
      onProgress?.({ count, done })
    })
    return count
  }

  /** A user's sessions that have not ended as far as Redis knows. */
  async liveOf(userId: string, except: string | null): Promise<Session[]> {
    const { staying, condemned } = await this.#ofUsers.look(userId)
    return [...staying, ...condemned].map(({ session }) => session).filter(({ id }) => id !== except)
  }

  /** Writes into the log what ends, and ends it. Resolves to the ids of those that nobody else has ended meanwhile. */
  async end(sessions: readonly Session[], ending: Ending): Promise<string[]> {
    const ended: string[] = []
    for (let i = 0; i < sessions.length; i += STEP_KEYS) {
      const step = sessions.slice(i, i + STEP_KEYS)
      const entries = revocationsOf(step, ending.now, this.#refusedForMs())
      if (entries.length > 0) {
        await this.#database.write((trx) => appendRevocations(this.#database, trx, entries))
        this.#onLogged()
      }
      ended.push(...(await this.endLogged(step, ending)))
    }
    return ended
  }

  /** Ends in Redis what is in the log already. */
  async endLogged(sessions: readonly Session[], { reason, now }: Ending): Promise<string[]> {
    const ids = sessions.map(({ id }) => id)
    const ended = await this.#sessions.end(ids, { at: now, reason })
    // What is left in a user's set is struck off by the next look at it.
    await Promise.allSettled(
      [...Map.groupBy(sessions, (session) => session.userId)].map(([userId, ofUser]) =>
        this.#ofUsers.strike(
          userId,
          ofUser.map(({ id }) => id),
        ),
      ),
    )
    return ended
  }

  /** Forgets all of a user whose account is gone. */
  async forgetUser(userId: string, sessions: readonly Session[]): Promise<void> {
    await this.#sessions.remove(sessions.map(({ id }) => id))
    await this.#ofUsers.remove(userId)
  }

  async #live(ids: readonly string[]): Promise<Session[]> {
    const found = await this.#sessions.find(ids)
    return found.flatMap((stored) => (stored?.session.ended === null ? [stored.session] : []))
  }

  /** The session as SQL allows it: its account, and the log. */
  #owned(stored: StoredSession, row: AccountRow | undefined): OwnedSession | undefined {
    const owned = ownedBy(stored, row)
    if (owned === undefined || owned.session.ended !== null) return owned
    const ended = this.#revoked.endOf(owned.session.id)
    return ended === null ? owned : { ...owned, session: { ...owned.session, ended } }
  }

  async #stands({ session, credentialVersion }: Opening): Promise<boolean> {
    const [row] = await this.#database.findAccounts([session.userId])
    return row !== undefined && row.disabled_at === null && row.credential_version === credentialVersion
  }

  /**
   * Ends the least recently used ones beyond the limit, never the new one. Of openings at the same time each decides on
   * what it sees, and only if nobody else has decided since: so that together they end as many as have to go.
   */
  async #makeRoom(opening: Opening): Promise<string[]> {
    const { session, maxSessions, idleSince } = opening
    const { userId, createdAt: now } = session
    for (;;) {
      const { staying, condemned, fingerprint } = await this.#ofUsers.look(userId)
      const isNew = ({ id }: Session) => id === session.id
      const sessions = staying.map((stored) => stored.session)
      const others = sessions.filter(
        (other) => !isNew(other) && other.expiresAt > now && other.lastUsedAt > idleSince,
      )
      // The new one may have had to make room by now: then it takes none.
      const room = sessions.some(isNew) ? maxSessions - 1 : maxSessions
      const surplus = others.toSorted(byLastUse).slice(room)
      const ids = surplus.map(({ id }) => id)
      if (ids.length > 0 && !(await this.#ofUsers.condemn(userId, ids, fingerprint))) continue
      // Who condemned the others may have come to grief before they could end them.
      const left = condemned.map((stored) => stored.session)
      return await this.end([...surplus, ...left], { reason: 'session_limit', now })
    }
  }
}

/** The most recently used first. */
function byLastUse(a: Session, b: Session): number {
  return b.lastUsedAt - a.lastUsedAt
}
