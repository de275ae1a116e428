import { expect, test } from 'vitest'
import { newId } from '../../ids.ts'
import type { Session } from '../../sessions/session.ts'
import { aSession, OPENED } from '../../sessions/testing/sessions.ts'
import {
  anAccount,
  attemptOf,
  HASH,
  idsOf,
  LATER,
  type OpenWorld,
  opening,
  rotationOf,
  sameBytes,
  signedIn,
  YEAR_2106,
} from './world.ts'

export function describeSessions(openWorld: OpenWorld): void {
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
      expect({ ...owned, session: sameBytes(owned!.session) }).toEqual({
        account,
        session: sameBytes(session),
      })
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

  test("an id that is none is nobody's, and keeps no other session from being found", async () => {
    const { accounts, sessions } = await openWorld()
    const { account, opened } = await signedIn({ accounts, sessions }, 1)
    const id = opened[0]!.id
    const none = ["' or 1=1 --", '', 'x', '}', '{,}']
    const found = await sessions.findMany([...none, id])
    expect(found.map((owned) => owned?.session.id)).toEqual([...none.map(() => undefined), id])
    expect(await accounts.findById("' or 1=1 --")).toBeUndefined()
    expect((await accounts.findById(account.id))?.id).toBe(account.id)
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
