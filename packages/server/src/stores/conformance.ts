// What every store promises, whatever it is made of: one suite, run against each of them for real.
// It owns no store, and nothing that only one of them can do: that is tested beside it.
import { randomBytes } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import type { Account } from '../accounts/account.ts'
import type { AccountStore } from '../accounts/store.ts'
import { StoreUnavailableError } from '../errors.ts'
import { newId } from '../ids.ts'
import type { StoredKey } from '../keys/key.ts'
import type { KeyStore } from '../keys/store.ts'
import type { Session } from '../sessions/session.ts'
import type { Opening, Rotation, SessionStore } from '../sessions/store.ts'
import { aSession, DAY, OPENED } from '../sessions/testing/sessions.ts'

export interface Stores {
  accounts: AccountStore
  sessions: SessionStore
  keys: KeyStore
}

/** An empty store that goes away with the test. */
export interface StoreWorld extends Stores {
  /** The same data through connections of its own, as another process has it. */
  openAgain(): Promise<Stores>
  /** Takes the store away: from here on it answers nothing. */
  takeAway(): Promise<void>
}

const RACERS = 200
const LATER = OPENED + DAY
const YEAR_2106 = Date.parse('2106-02-07T06:28:16Z')

const HASH = { phc: '$argon2id$v=19$m=8192,t=1,p=1$c2FsdHNhbHQ$aGFzaA', pepperId: 'p1' }
const BETTER_HASH = { phc: '$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ$aGFzaA', pepperId: 'p2' }

/** The suite that every store passes. */
export function describeStore(name: string, openWorld: () => Promise<StoreWorld>): void {
  describe(`${name}: accounts`, () => describeAccounts(openWorld))
  describe(`${name}: sessions`, () => describeSessions(openWorld))
  describe(`${name}: refreshing`, () => describeRotation(openWorld))
  describe(`${name}: opening a session while the account changes`, () => describeOpeningRaces(openWorld))
  describe(`${name}: keys`, () => describeKeys(openWorld))
  describe(`${name}: taken away`, () => describeAbsence(openWorld))
}

function describeAccounts(openWorld: () => Promise<StoreWorld>): void {
  test('an account is found by its id and its address, with all that was stored of it', async () => {
    const { accounts } = await openWorld()
    const account = anAccount({ emailVerified: true, roles: ['admin', 'ключ', "o'clock"] })
    expect(await accounts.create(account, HASH)).toBe(true)
    expect(await accounts.findById(account.id)).toEqual(account)
    expect(await accounts.findByIdWithPassword(account.id)).toEqual({ account, password: HASH })
    expect(await accounts.findByEmail(account.email)).toEqual({ account, password: HASH })
  })

  test('an account may be without a password, or have one without a pepper', async () => {
    const { accounts } = await openWorld()
    const without = anAccount()
    const imported = anAccount()
    const bcrypt = { phc: '$2b$12$abcdefghijklmnopqrstuv', pepperId: null }
    await accounts.create(without, null)
    await accounts.create(imported, bcrypt)
    expect(await accounts.findByEmail(without.email)).toEqual({ account: without, password: null })
    expect(await accounts.findByEmail(imported.email)).toEqual({ account: imported, password: bcrypt })
  })

  test('an address is compared exactly: no pattern and no other case finds it (IN-07)', async () => {
    const { accounts } = await openWorld()
    await accounts.create(anAccount({ email: 'ada_1%x@example.com' }), HASH)
    for (const email of [
      'ADA_1%x@example.com',
      'ada_1%',
      '%',
      'adaa1%x@example.com',
      'ada\\_1%x@example.com',
    ]) {
      expect(await accounts.findByEmail(email), email).toBeUndefined()
    }
    expect(await accounts.findByEmail('ada_1%x@example.com')).toBeDefined()
  })

  test('text that looks like SQL is stored as it is (IN-01)', async () => {
    const { accounts, sessions } = await openWorld()
    const account = anAccount({ email: `x'); drop table users; --@example.com`, roles: [`"'; --`] })
    await accounts.create(account, HASH)
    const session = aSession({ userId: account.id, userAgent: `' or 1=1; --` })
    await sessions.open(opening(session))
    expect(await accounts.findByEmail(account.email)).toEqual({ account, password: HASH })
    expect((await sessions.findMany([session.id]))[0]?.session.userAgent).toBe(`' or 1=1; --`)
  })

  test('of many who take an address at once exactly one gets it', async () => {
    const world = await openWorld()
    const both = [world, await world.openAgain()]
    const email = 'wanted@example.com'
    const rivals = Array.from({ length: 20 }, () => anAccount({ email }))
    const created = await Promise.all(rivals.map((account, i) => both[i % 2]!.accounts.create(account, HASH)))
    expect(created.filter((taken) => taken)).toHaveLength(1)
    const winner = rivals[created.indexOf(true)]
    expect((await world.accounts.findByEmail(email))?.account).toEqual(winner)
  })

  test('a hash is replaced by a better one of the same password, but not once the password has changed', async () => {
    const { accounts } = await openWorld()
    const account = anAccount()
    await accounts.create(account, HASH)
    await accounts.rehash(account.id, HASH, BETTER_HASH)
    expect((await accounts.findById(account.id))?.credentialVersion).toBe(account.credentialVersion)
    expect((await accounts.findByIdWithPassword(account.id))?.password).toEqual(BETTER_HASH)

    const late = { phc: '$argon2id$late', pepperId: 'p2' }
    await accounts.rehash(account.id, HASH, late)
    expect((await accounts.findByIdWithPassword(account.id))?.password).toEqual(BETTER_HASH)
  })

  test('a changed password ends every session but one, in the same step', async () => {
    const { accounts, sessions } = await openWorld()
    const { account, opened } = await signedIn({ accounts, sessions }, 3)
    const stranger = await signedIn({ accounts, sessions }, 1)
    const [kept, ...others] = opened as [Session, ...Session[]]
    const ended = await accounts.changePassword(passwordChange(account, kept.id))

    expect(ended?.toSorted()).toEqual(idsOf(others).toSorted())
    expect(idsOf(await sessions.listByUser(account.id))).toEqual([kept.id])
    expect(idsOf(await sessions.listByUser(stranger.account.id))).toEqual(idsOf(stranger.opened))
    const after = await accounts.findByIdWithPassword(account.id)
    expect(after?.password).toEqual(BETTER_HASH)
    expect(after?.account.credentialVersion).toBeGreaterThan(account.credentialVersion)
    expect((await sessions.findMany(idsOf(others))).map((owned) => owned?.session.ended)).toEqual(
      others.map(() => ({ at: LATER, reason: 'password_changed' })),
    )
  })

  test('of several password changes at once exactly one happens', async () => {
    const world = await openWorld()
    const both = [world, await world.openAgain()]
    const { account } = await signedIn(world, 1)
    const outcomes = await Promise.all(
      Array.from({ length: 20 }, (_, i) => {
        const password = { phc: `$argon2id$${i}`, pepperId: 'p1' }
        return both[i % 2]!.accounts.changePassword({ ...passwordChange(account, null), password })
      }),
    )
    expect(outcomes.filter((ended) => ended !== null)).toHaveLength(1)
    const winner = outcomes.findIndex((ended) => ended !== null)
    const stored = await world.accounts.findByIdWithPassword(account.id)
    expect(stored?.password?.phc).toBe(`$argon2id$${winner}`)
  })

  test('a disabled account has no session left, and none when it is enabled again', async () => {
    const { accounts, sessions } = await openWorld()
    const { account, opened } = await signedIn({ accounts, sessions }, 2)
    expect((await accounts.disable(account.id, LATER))?.toSorted()).toEqual(idsOf(opened).toSorted())
    expect((await accounts.findById(account.id))?.disabledAt).toBe(LATER)
    expect(await sessions.listByUser(account.id)).toEqual([])
    expect(await accounts.enable(account.id)).toBe(true)
    expect((await accounts.findById(account.id))?.disabledAt).toBeNull()
    expect(await sessions.listByUser(account.id)).toEqual([])
    const [owned] = await sessions.findMany([opened[0]!.id])
    expect(owned?.session.ended).toEqual({ at: LATER, reason: 'account_disabled' })
  })

  test('a deleted account leaves no session, and its address is free again', async () => {
    const { accounts, sessions } = await openWorld()
    const { account, opened } = await signedIn({ accounts, sessions }, 2)
    expect(await accounts.delete(account.id)).toBe(true)
    expect(await accounts.findById(account.id)).toBeUndefined()
    expect(await sessions.findMany(idsOf(opened))).toEqual([undefined, undefined])
    expect(await accounts.create(anAccount({ email: account.email }), HASH)).toBe(true)
  })

  test('an unknown account can be neither changed nor disabled, enabled or deleted', async () => {
    const { accounts } = await openWorld()
    const unknown = anAccount()
    expect(await accounts.findById(unknown.id)).toBeUndefined()
    expect(await accounts.findByIdWithPassword(unknown.id)).toBeUndefined()
    expect(await accounts.changePassword(passwordChange(unknown, null))).toBeNull()
    expect(await accounts.disable(unknown.id, LATER)).toBeNull()
    expect(await accounts.enable(unknown.id)).toBe(false)
    expect(await accounts.delete(unknown.id)).toBe(false)
  })
}

function describeSessions(openWorld: () => Promise<StoreWorld>): void {
  test('a session is found with its account, exactly as it was opened', async () => {
    const { accounts, sessions } = await openWorld()
    const account = anAccount()
    await accounts.create(account, HASH)
    const plain = aSession({ userId: account.id, ip: null, userAgent: null })
    const full = aSession({
      userId: account.id,
      client: 'browser',
      generation: 2 ** 48 - 1,
      createdAt: YEAR_2106 - 1,
      lastUsedAt: YEAR_2106,
      expiresAt: YEAR_2106 + 1,
      attempts: [1, 2 ** 32, 2 ** 48 - 3, 2 ** 48 - 2].map(attemptOf),
      ip: '2001:db8::1',
      userAgent: 'Ünïcode/1.0 (東京; 🔑)',
    })
    for (const session of [plain, full]) {
      expect(await sessions.open(opening(session, { idleSince: 0 }))).toEqual({ opened: true, endedIds: [] })
      const [owned] = await sessions.findMany([session.id])
      expect(owned).toEqual({ account, session: sameBytes(session) })
    }
  })

  test('sessions are found in the order asked, with a gap where there is none', async () => {
    const { accounts, sessions } = await openWorld()
    const { opened } = await signedIn({ accounts, sessions }, 3)
    const [a, b, c] = idsOf(opened) as [string, string, string]
    const found = await sessions.findMany([c, newId(), a, b])
    expect(found.map((owned) => owned?.session.id)).toEqual([c, undefined, a, b])
    expect(await sessions.findMany([])).toEqual([])
  })

  test('what one process has written, another reads at once', async () => {
    const here = await openWorld()
    const there = await here.openAgain()
    const { account, opened } = await signedIn(here, 1)
    expect(idsOf(await there.sessions.listByUser(account.id))).toEqual(idsOf(opened))
    expect(await there.sessions.rotateMany([rotationOf(opened[0]!)])).toEqual([true])
    expect((await here.sessions.findMany(idsOf(opened)))[0]?.session.generation).toBe(1)
    await here.sessions.endMany(idsOf(opened), 'logout', LATER)
    expect((await there.sessions.findMany(idsOf(opened)))[0]?.session.ended).not.toBeNull()
  })

  test('a session ends once: the first reason and the first time stay', async () => {
    const { accounts, sessions } = await openWorld()
    const { opened } = await signedIn({ accounts, sessions }, 2)
    const [a, b] = idsOf(opened) as [string, string]
    expect(await sessions.endMany([a], 'logout', LATER)).toEqual([a])
    expect(await sessions.endMany([a, b, newId()], 'reuse_detected', LATER + 1)).toEqual([b])
    expect(await sessions.endMany([], 'logout', LATER)).toEqual([])
    const found = await sessions.findMany([a, b])
    expect(found.map((owned) => owned?.session.ended)).toEqual([
      { at: LATER, reason: 'logout' },
      { at: LATER + 1, reason: 'reuse_detected' },
    ])
  })

  test('of many who end a session at once exactly one has ended it', async () => {
    const world = await openWorld()
    const both = [world, await world.openAgain()]
    const { opened } = await signedIn(world, 1)
    const [id] = idsOf(opened) as [string]
    const ended = await Promise.all(
      Array.from({ length: 20 }, (_, i) => both[i % 2]!.sessions.endMany([id], 'logout', LATER)),
    )
    expect(ended.flat()).toEqual([id])
  })

  test('a user has their own live sessions listed, the most recently used first', async () => {
    const { accounts, sessions } = await openWorld()
    const { account, opened } = await signedIn({ accounts, sessions }, 4)
    await signedIn({ accounts, sessions }, 2)
    const [a, b, c, d] = opened as [Session, Session, Session, Session]
    await sessions.rotateMany([rotationOf(b, { lastUsedAt: LATER })])
    await sessions.endMany([c.id], 'logout', LATER)
    expect(idsOf(await sessions.listByUser(account.id))).toEqual(idsOf([b, d, a]))
    expect(await sessions.listByUser(newId())).toEqual([])
  })

  test("all of a user's sessions end but one, and nobody else's", async () => {
    const { accounts, sessions } = await openWorld()
    const { account, opened } = await signedIn({ accounts, sessions }, 3)
    const stranger = await signedIn({ accounts, sessions }, 1)
    const [kept, ...others] = idsOf(opened) as [string, ...string[]]
    const ending = { reason: 'revoked_by_user', now: LATER } as const
    const ended = await sessions.endByUser(account.id, { except: kept, ...ending })
    expect(ended.toSorted()).toEqual(others.toSorted())
    expect(await sessions.endByUser(account.id, { except: kept, ...ending })).toEqual([])
    expect(await sessions.endByUser(account.id, { except: null, ...ending })).toEqual([kept])
    expect(await sessions.listByUser(stranger.account.id)).toHaveLength(1)
    expect(await sessions.endByUser(newId(), { except: null, ...ending })).toEqual([])
  })

  test('every session opened before an instant ends, none opened at it or after it (SO-13)', async () => {
    const { accounts, sessions } = await openWorld()
    const { opened } = await signedIn({ accounts, sessions }, 4)
    const [a, b, c, d] = opened as [Session, Session, Session, Session]
    await sessions.endMany([a.id], 'logout', LATER)
    expect(await sessions.endOpenedBefore(c.createdAt, 'revoked_by_operator', LATER + 1)).toBe(1)
    const found = await sessions.findMany(idsOf([a, b, c, d]))
    expect(found.map((owned) => owned?.session.ended)).toEqual([
      { at: LATER, reason: 'logout' },
      { at: LATER + 1, reason: 'revoked_by_operator' },
      null,
      null,
    ])
  })

  test('a user has so many live sessions and no more: the least recently used make room (DS-07)', async () => {
    const { accounts, sessions } = await openWorld()
    const { account, opened } = await signedIn({ accounts, sessions }, 3)
    const [a, b, c] = opened as [Session, Session, Session]
    await sessions.rotateMany([rotationOf(a, { lastUsedAt: LATER })])
    const newest = aSession({ userId: account.id, createdAt: LATER + 1, lastUsedAt: LATER + 1 })
    const outcome = await sessions.open(opening(newest, { maxSessions: 2 }))
    expect(outcome.opened && outcome.endedIds.toSorted()).toEqual(idsOf([b, c]).toSorted())
    expect(idsOf(await sessions.listByUser(account.id))).toEqual(idsOf([newest, a]))
    const [owned] = await sessions.findMany([b.id])
    expect(owned?.session.ended).toEqual({ at: newest.createdAt, reason: 'session_limit' })
  })

  test('sessions that are over, idle or of somebody else take nobody the room', async () => {
    const { accounts, sessions } = await openWorld()
    const { account, opened } = await signedIn({ accounts, sessions }, 4)
    await signedIn({ accounts, sessions }, 4)
    const [over, idle, ended, live] = opened as [Session, Session, Session, Session]
    const opensAt = over.expiresAt
    await sessions.endMany([ended.id], 'logout', LATER)
    const uses = [over, live].map((session) => rotationOf(session, { lastUsedAt: opensAt - 1 }))
    await sessions.rotateMany(uses)
    const newest = aSession({ userId: account.id, createdAt: opensAt, lastUsedAt: opensAt })
    const outcome = await sessions.open(opening(newest, { maxSessions: 2, idleSince: idle.lastUsedAt }))
    expect(outcome).toEqual({ opened: true, endedIds: [] })
  })

  test('many sign-ins at once leave as many sessions as are allowed', async () => {
    const world = await openWorld()
    const both = [world, await world.openAgain()]
    const { account } = await signedIn(world, 0)
    const rivals = Array.from({ length: 20 }, (_, i) =>
      aSession({ userId: account.id, createdAt: OPENED + i, lastUsedAt: OPENED + i }),
    )
    const outcomes = await Promise.all(
      rivals.map((session, i) => both[i % 2]!.sessions.open(opening(session, { maxSessions: 3 }))),
    )
    expect(outcomes.every(({ opened }) => opened)).toBe(true)
    expect(await world.sessions.listByUser(account.id)).toHaveLength(3)
    const endedIds = outcomes.flatMap((outcome) => (outcome.opened ? outcome.endedIds : []))
    expect(endedIds).toHaveLength(17)
    expect(new Set(endedIds).size).toBe(17)
  })
}

function describeRotation(openWorld: () => Promise<StoreWorld>): void {
  test('a session moves from the generation that it stands at, and that is in the store at once', async () => {
    const { accounts, sessions } = await openWorld()
    const { account, opened } = await signedIn({ accounts, sessions }, 1)
    const [session] = opened as [Session]
    const next = {
      ...session,
      generation: 1,
      lastUsedAt: LATER,
      attempts: [attemptOf(0)],
      ip: '2001:db8::2',
    }
    expect(await sessions.rotateMany([{ expectedGeneration: 0, next }])).toEqual([true])
    expect(await sessions.findMany([session.id])).toEqual([{ account, session: sameBytes(next) }])
  })

  test('a rotation writes what it may and nothing else', async () => {
    const { accounts, sessions } = await openWorld()
    const { opened } = await signedIn({ accounts, sessions }, 1)
    const [session] = opened as [Session]
    const moved = { generation: 1, lastUsedAt: LATER, attempts: [attemptOf(0)], ip: null }
    const next: Session = {
      ...session,
      ...moved,
      client: 'browser',
      seed: randomBytes(16),
      createdAt: 1,
      expiresAt: LATER + 999 * DAY,
      userAgent: 'another',
      ended: { at: 1, reason: 'logout' },
    }
    await sessions.rotateMany([{ expectedGeneration: 0, next }])
    const [owned] = await sessions.findMany([session.id])
    expect(owned?.session).toEqual(sameBytes({ ...session, ...moved }))
  })

  test(`of ${RACERS} racing rotations of one generation exactly one moves the session (RR-03)`, async () => {
    const world = await openWorld()
    const both = [world, await world.openAgain()]
    const { opened } = await signedIn(world, 1)
    const [session] = opened as [Session]
    const moved = await Promise.all(
      Array.from({ length: RACERS }, async (_, i) => {
        const attempts = [{ ...attemptOf(0), keyDigest: Buffer.alloc(16, i).toString('base64url') }]
        const [won] = await both[i % 2]!.sessions.rotateMany([rotationOf(session, { attempts })])
        return won === true ? attempts : null
      }),
    )
    const winners = moved.filter((attempts) => attempts !== null)
    expect(winners).toHaveLength(1)
    const [owned] = await world.sessions.findMany([session.id])
    expect(owned?.session).toMatchObject({ generation: 1, attempts: winners[0] })
  })

  test('a batch moves what can move and says of each whether it did, in the order asked', async () => {
    const { accounts, sessions } = await openWorld()
    const { opened } = await signedIn({ accounts, sessions }, 4)
    const [fits, stale, ended, ahead] = opened as [Session, Session, Session, Session]
    await sessions.endMany([ended.id], 'logout', LATER)
    const moved = await sessions.rotateMany([
      rotationOf(aSession()),
      { ...rotationOf(stale), expectedGeneration: 5 },
      rotationOf(fits),
      rotationOf(ended),
      rotationOf(ahead, { generation: 12 }),
    ])
    expect(moved).toEqual([false, false, true, false, true])
    const found = await sessions.findMany(idsOf([fits, stale, ended, ahead]))
    expect(found.map((owned) => owned?.session.generation)).toEqual([1, 0, 0, 12])
    expect(await sessions.rotateMany([])).toEqual([])
  })

  test('a session that has ended never moves again, and a session that is being ended moves before it or never', async () => {
    const world = await openWorld()
    const other = await world.openAgain()
    const { opened } = await signedIn(world, 30)
    await Promise.all(
      opened.map(async (session, i) => {
        const end = () => other.sessions.endMany([session.id], 'logout', LATER)
        const rotate = () => world.sessions.rotateMany([rotationOf(session)])
        const [, moved] = i % 2 === 0 ? await Promise.all([end(), rotate()]) : await swapped(rotate, end)
        const [owned] = await world.sessions.findMany([session.id])
        expect(owned?.session.ended).toEqual({ at: LATER, reason: 'logout' })
        expect(owned?.session.generation).toBe(moved[0] === true ? 1 : 0)
        const next = { ...rotationOf(session), expectedGeneration: owned?.session.generation as number }
        expect(await world.sessions.rotateMany([next])).toEqual([false])
      }),
    )
  })
}

function describeOpeningRaces(openWorld: () => Promise<StoreWorld>): void {
  test('nothing opens for an account that is unknown, disabled, or has another password by now', async () => {
    const { accounts, sessions } = await openWorld()
    expect(await sessions.open(opening(aSession()))).toEqual({ opened: false })

    const changed = await signedIn({ accounts, sessions }, 0)
    await accounts.changePassword(passwordChange(changed.account, null))
    const stale = aSession({ userId: changed.account.id })
    expect(await sessions.open(opening(stale))).toEqual({ opened: false })
    expect(await sessions.findMany([stale.id])).toEqual([undefined])

    const disabled = await signedIn({ accounts, sessions }, 0)
    await accounts.disable(disabled.account.id, LATER)
    const refused = aSession({ userId: disabled.account.id })
    expect(await sessions.open(opening(refused))).toEqual({ opened: false })
  })

  test('no session that was opened with the old password outlives the change of it', async () => {
    const world = await openWorld()
    const other = await world.openAgain()
    for (let round = 0; round < 10; round++) {
      const { account } = await signedIn(world, 0)
      const rivals = Array.from({ length: 8 }, () => aSession({ userId: account.id }))
      const opens = () => Promise.all(rivals.map((session) => other.sessions.open(opening(session))))
      const change = () => world.accounts.changePassword(passwordChange(account, null))
      const [opened, ended] = await (round % 2 === 0
        ? Promise.all([opens(), change()])
        : swapped(change, opens))
      expect(await world.sessions.listByUser(account.id), `round ${round}`).toEqual([])
      expect(ended).toHaveLength(opened.filter((outcome) => outcome.opened).length)
    }
  })

  test('no session outlives the disabling of its account, also one that was being opened', async () => {
    const world = await openWorld()
    const other = await world.openAgain()
    for (let round = 0; round < 10; round++) {
      const { account } = await signedIn(world, 0)
      const rivals = Array.from({ length: 8 }, () => aSession({ userId: account.id }))
      const opens = () => Promise.all(rivals.map((session) => other.sessions.open(opening(session))))
      const disable = () => world.accounts.disable(account.id, LATER)
      await (round % 2 === 0 ? Promise.all([opens(), disable()]) : swapped(disable, opens))
      expect(await world.sessions.listByUser(account.id), `round ${round}`).toEqual([])
    }
  })

  test('no session is left behind by the deletion of its account, also one that was being opened', async () => {
    const world = await openWorld()
    const other = await world.openAgain()
    for (let round = 0; round < 10; round++) {
      const { account } = await signedIn(world, 0)
      const rivals = Array.from({ length: 8 }, () => aSession({ userId: account.id }))
      const opens = () => Promise.all(rivals.map((session) => other.sessions.open(opening(session))))
      const remove = () => world.accounts.delete(account.id)
      await (round % 2 === 0 ? Promise.all([opens(), remove()]) : swapped(remove, opens))
      expect(await world.sessions.listByUser(account.id), `round ${round}`).toEqual([])
    }
  })
}

function describeKeys(openWorld: () => Promise<StoreWorld>): void {
  test('keys are kept by purpose, as they were given, in the order in which they become active', async () => {
    const { keys } = await openWorld()
    const later = aKey({ activeFrom: YEAR_2106 })
    const sooner = aKey({ activeFrom: OPENED, sealed: null })
    const pepper = aKey({ purpose: 'pepper', algorithm: null, publicJwk: null })
    expect((await keys.update('signing', () => ({ add: [later, sooner] }))).map(sameKeyBytes)).toEqual([
      sooner,
      later,
    ])
    await keys.update('pepper', () => ({ add: [pepper] }))
    expect((await keys.list('signing')).map(sameKeyBytes)).toEqual([sooner, later])
    expect((await keys.list('pepper')).map(sameKeyBytes)).toEqual([pepper])
  })

  test('a change sees the keys as they are, and adds, replaces and removes in one step', async () => {
    const { keys } = await openWorld()
    const [a, b, c] = [aKey(), aKey(), aKey()]
    await keys.update('signing', () => ({ add: [a, b] }))
    const after = await keys.update('signing', (current) => {
      expect(current.map(sameKeyBytes).toSorted(byId)).toEqual([a, b].toSorted(byId))
      return { add: [c], replace: [{ ...a, sealed: null }], remove: [b.id] }
    })
    expect(after.map(sameKeyBytes).toSorted(byId)).toEqual([{ ...a, sealed: null }, c].toSorted(byId))
    expect((await keys.list('signing')).map(sameKeyBytes)).toEqual(after.map(sameKeyBytes))
  })

  test('a change that fails on the way has changed nothing, and its error comes through', async () => {
    const { keys } = await openWorld()
    const key = aKey()
    await keys.update('signing', () => ({ add: [key] }))
    const fails = keys.update('signing', () => {
      throw new RangeError('no such plan')
    })
    await expect(fails).rejects.toThrow(RangeError)
    const halfway = keys.update('signing', () => ({
      remove: [key.id],
      add: [aKey({ id: 'same' }), aKey({ id: 'same' })],
    }))
    await expect(halfway).rejects.toThrow()
    expect((await keys.list('signing')).map(sameKeyBytes)).toEqual([key])
  })

  test('of many processes that start at once on an empty store, one makes the key and all have it', async () => {
    const world = await openWorld()
    const both = [world, await world.openAgain()]
    const made = await Promise.all(
      Array.from({ length: 20 }, (_, i) =>
        both[i % 2]!.keys.update('signing', (current) => (current.length === 0 ? { add: [aKey()] } : {})),
      ),
    )
    expect(made.every((keys) => keys.length === 1)).toBe(true)
    expect(new Set(made.map(([key]) => key?.id)).size).toBe(1)
  })

  test('changes that race are made one after the other: none is lost', async () => {
    const world = await openWorld()
    const both = [world, await world.openAgain()]
    const counter = aKey({ createdAt: 0 })
    await world.keys.update('signing', () => ({ add: [counter] }))
    await Promise.all(
      Array.from({ length: 40 }, (_, i) =>
        both[i % 2]!.keys.update('signing', ([key]) => ({
          replace: [{ ...(key as StoredKey), createdAt: (key as StoredKey).createdAt + 1 }],
        })),
      ),
    )
    expect((await world.keys.list('signing'))[0]?.createdAt).toBe(40)
  })
}

function describeAbsence(openWorld: () => Promise<StoreWorld>): void {
  const session = aSession()
  const account = anAccount()
  const calls: Record<string, (stores: Stores) => Promise<unknown>> = {
    'sessions.open': ({ sessions }) => sessions.open(opening(session)),
    'sessions.findMany': ({ sessions }) => sessions.findMany([session.id]),
    'sessions.rotateMany': ({ sessions }) => sessions.rotateMany([rotationOf(session)]),
    'sessions.endMany': ({ sessions }) => sessions.endMany([session.id], 'logout', LATER),
    'sessions.listByUser': ({ sessions }) => sessions.listByUser(account.id),
    'sessions.endByUser': ({ sessions }) =>
      sessions.endByUser(account.id, { except: null, reason: 'logout', now: LATER }),
    'sessions.endOpenedBefore': ({ sessions }) =>
      sessions.endOpenedBefore(LATER, 'revoked_by_operator', LATER),
    'accounts.create': ({ accounts }) => accounts.create(account, HASH),
    'accounts.findById': ({ accounts }) => accounts.findById(account.id),
    'accounts.findByIdWithPassword': ({ accounts }) => accounts.findByIdWithPassword(account.id),
    'accounts.findByEmail': ({ accounts }) => accounts.findByEmail(account.email),
    'accounts.rehash': ({ accounts }) => accounts.rehash(account.id, HASH, BETTER_HASH),
    'accounts.changePassword': ({ accounts }) => accounts.changePassword(passwordChange(account, null)),
    'accounts.disable': ({ accounts }) => accounts.disable(account.id, LATER),
    'accounts.enable': ({ accounts }) => accounts.enable(account.id),
    'accounts.delete': ({ accounts }) => accounts.delete(account.id),
    'keys.list': ({ keys }) => keys.list('signing'),
    'keys.update': ({ keys }) => keys.update('signing', () => ({})),
  }

  test('every call rejects with STORE_UNAVAILABLE and with nothing else (SO-01)', async () => {
    const world = await openWorld()
    // Once before, so that nothing is met here for the first time.
    for (const call of Object.values(calls)) await call(world)
    await world.takeAway()
    for (const [name, call] of Object.entries(calls)) {
      const error = await call(world).then(
        () => undefined,
        (reason: unknown) => reason,
      )
      expect(error, name).toBeInstanceOf(StoreUnavailableError)
      expect((error as StoreUnavailableError).retryAfterSeconds, name).toBeGreaterThan(0)
    }
  })
}

function anAccount(facts: Partial<Account> = {}): Account {
  return {
    id: newId(),
    email: `${randomBytes(6).toString('hex')}@example.com`,
    emailVerified: false,
    roles: [],
    createdAt: OPENED,
    disabledAt: null,
    credentialVersion: 1,
    ...facts,
  }
}

/** An account, and sessions of it that were opened a millisecond apart, in this order. */
async function signedIn({ accounts, sessions }: Pick<Stores, 'accounts' | 'sessions'>, count: number) {
  const account = anAccount()
  await accounts.create(account, HASH)
  const opened: Session[] = []
  for (let i = 0; i < count; i++) {
    const at = OPENED + i
    const session = aSession({ userId: account.id, createdAt: at, lastUsedAt: at })
    await sessions.open(opening(session))
    opened.push(session)
  }
  return { account, opened }
}

function opening(session: Session, facts: Partial<Opening> = {}): Opening {
  return { session, credentialVersion: 1, maxSessions: 100, idleSince: OPENED - DAY, ...facts }
}

function rotationOf(session: Session, facts: Partial<Session> = {}): Rotation {
  return {
    expectedGeneration: session.generation,
    next: { ...session, generation: session.generation + 1, ...facts },
  }
}

function passwordChange({ id, credentialVersion }: Account, exceptSessionId: string | null) {
  return { userId: id, credentialVersion, password: BETTER_HASH, exceptSessionId, now: LATER }
}

function aKey(facts: Partial<StoredKey> = {}): StoredKey {
  return {
    id: `k${randomBytes(9).toString('base64url')}`,
    purpose: 'signing',
    algorithm: 'ES256',
    publicJwk: '{"kty":"EC"}',
    sealed: randomBytes(60),
    createdAt: OPENED,
    activeFrom: OPENED,
    ...facts,
  }
}

function attemptOf(generation: number) {
  return { generation, keyDigest: randomBytes(16).toString('base64url') }
}

function idsOf(list: readonly { id: string }[]): string[] {
  return list.map(({ id }) => id)
}

function byId(a: { id: string }, b: { id: string }): number {
  return a.id < b.id ? -1 : 1
}

/** Bytes compare by what they hold, not by the class that holds them. */
function sameBytes(session: Session) {
  return { ...session, seed: new Uint8Array(session.seed) }
}

function sameKeyBytes(key: StoredKey): StoredKey {
  return { ...key, sealed: key.sealed === null ? null : Buffer.from(key.sealed) }
}

/** Starts the first before the second, and resolves to their results the other way round. */
async function swapped<First, Second>(first: () => Promise<First>, second: () => Promise<Second>) {
  const [a, b] = await Promise.all([first(), second()])
  return [b, a] as const
}
