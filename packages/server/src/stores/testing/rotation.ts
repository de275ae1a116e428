import { randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import type { Session } from '../../sessions/session.ts'
import { aSession, DAY } from '../../sessions/testing/sessions.ts'
import { attemptOf, idsOf, LATER, type OpenWorld, rotationOf, sameBytes, signedIn, swapped } from './world.ts'

const RACERS = 200

export function describeRotation(openWorld: OpenWorld): void {
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
    const [owned] = await sessions.findMany([session.id])
    expect({ ...owned, session: sameBytes(owned!.session) }).toEqual({ account, session: sameBytes(next) })
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
    expect(sameBytes(owned!.session)).toEqual(sameBytes({ ...session, ...moved }))
  })

  test(`of ${RACERS} racing rotations of one generation exactly one moves the session (RR-03)`, async () => {
    const world = await openWorld()
    const both = [world, await world.openAgain()]
    const { opened } = await signedIn(world, 1)
    const [session] = opened as [Session]
    const moved = await Promise.all(
      Array.from({ length: RACERS }, async (_, i) => {
        const attempts = [{ ...attemptOf(0), keyDigest: Buffer.alloc(16, i + 1).toString('base64url') }]
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
