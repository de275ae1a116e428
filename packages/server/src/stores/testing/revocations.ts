import { expect, test } from 'vitest'
import { newId } from '../../ids.ts'
import type { NewRevocation } from '../../revocations/entry.ts'
import type { Session } from '../../sessions/session.ts'
import { aSession, DAY } from '../../sessions/testing/sessions.ts'
import {
  aKey,
  idsOf,
  LATER,
  type OpenWorld,
  opening,
  passwordChange,
  REFUSED_FOR_MS,
  type Stores,
  signedIn,
} from './world.ts'

const UNTIL = LATER + REFUSED_FOR_MS

export function describeRevocations(openWorld: OpenWorld): void {
  test('whatever ends a session writes so into the log, once, with the time until which it has to be told', async () => {
    const world = await openWorld()
    for (const [name, end] of Object.entries(waysToEnd(world))) {
      const before = await world.revocations.newest()
      const { account, opened } = await signedIn(world, 3)
      await end(account.id, opened)
      await end(account.id, opened)
      const entries = await world.revocations.after(before, 100)
      expect(entries.map(({ subject }) => subject).toSorted(), name).toEqual(idsOf(opened).toSorted())
      for (const { kind, revokedAt, expiresAt } of entries) {
        expect([kind, revokedAt, expiresAt], name).toEqual(['sid', LATER, UNTIL])
      }
    }
  })

  test('a clock that was set back does not shorten the time: the tokens of before live on by the clock of before (CK-03)', async () => {
    const world = await openWorld()
    for (const [name, end] of Object.entries(waysToEnd(world))) {
      const before = await world.revocations.newest()
      const { account } = await signedIn(world, 0)
      const session = aSession({ userId: account.id, lastUsedAt: LATER + DAY })
      await world.sessions.open(opening(session))
      await end(account.id, [session])
      const entries = await world.revocations.after(before, 100)
      expect(entries, name).toMatchObject([{ subject: session.id, revokedAt: LATER, expiresAt: UNTIL + DAY }])
    }
  })

  test('a session that lives on is not in the log: not the one that changed the password, nor the one that found room', async () => {
    const world = await openWorld()
    const { account, opened } = await signedIn(world, 3)
    const [kept, ...others] = idsOf(opened) as [string, string, string]
    await world.accounts.changePassword(passwordChange(account, kept))
    expect(await subjects(world)).toEqual(others.toSorted())

    const newest = aSession({ userId: account.id, createdAt: LATER, lastUsedAt: LATER })
    await world.sessions.open(opening(newest, { maxSessions: 1, credentialVersion: 2 }))
    expect(await subjects(world)).toEqual([...others, kept].toSorted())
    const last = (await world.revocations.after(0, 100)).at(-1)
    expect([last?.revokedAt, last?.expiresAt]).toEqual([LATER, UNTIL])
  })

  test('of the sessions that all end at once, those that were over long ago are not told of', async () => {
    const world = await openWorld()
    const { account, opened } = await signedIn(world, 1)
    const over = aSession({ userId: account.id, expiresAt: LATER - REFUSED_FOR_MS })
    const justOver = aSession({ userId: account.id, expiresAt: LATER - REFUSED_FOR_MS + 1 })
    for (const session of [over, justOver]) await world.sessions.open(opening(session))
    expect(await world.sessions.endOpenedBefore(LATER, 'revoked_by_operator', LATER)).toBe(3)
    expect(await subjects(world)).toEqual(idsOf([...opened, justOver]).toSorted())
  })

  test('a key that is taken back is in the log with the change that removes it, and not when that fails', async () => {
    const { keys, revocations } = await openWorld()
    const key = aKey()
    await keys.update('signing', () => ({ add: [key] }))
    const entry = anEntry({ kind: 'kid', subject: key.id })
    const failing = keys.update('signing', () => ({
      remove: [key.id],
      revocations: [{ ...entry, subject: null as unknown as string }],
    }))
    await expect(failing).rejects.toThrow()
    expect(await keys.list('signing')).toHaveLength(1)
    expect(await revocations.newest()).toBe(0)

    await keys.update('signing', () => ({ remove: [key.id], revocations: [entry] }))
    expect(await revocations.after(0, 10)).toMatchObject([entry])
  })

  test('the log is read in the order in which it was written, page by page, also by another process', async () => {
    const world = await openWorld()
    const other = await world.openAgain()
    const entries = Array.from({ length: 7 }, () => anEntry())
    for (const [i, entry] of entries.entries()) await (i % 2 ? other : world).revocations.append(entry)

    const first = await other.revocations.after(0, 4)
    const rest = await world.revocations.after(first.at(-1)!.position, 4)
    expect([...first, ...rest].map(({ subject }) => subject)).toEqual(entries.map(({ subject }) => subject))
    const positions = [...first, ...rest].map(({ position }) => position)
    expect(positions).toEqual(positions.toSorted((a, b) => a - b))
    expect(await world.revocations.newest()).toBe(positions.at(-1))
    expect(await world.revocations.after(positions.at(-1)!, 4)).toEqual([])
  })

  test('what has expired is passed over, and forgotten so many at a time; what has not, stays', async () => {
    const { revocations } = await openWorld()
    const stays = anEntry({ expiresAt: LATER + 1 })
    await revocations.append(stays)
    for (let i = 0; i < 5; i++) await revocations.append(anEntry({ expiresAt: LATER }))
    expect((await revocations.unexpired(LATER, 0, 10)).map(({ subject }) => subject)).toEqual([stays.subject])
    expect(await revocations.unexpired(LATER - 1, 0, 3)).toHaveLength(3)

    expect(await revocations.forget(LATER - 1, 3)).toBe(0)
    expect(await revocations.forget(LATER, 3)).toBe(3)
    expect(await revocations.forget(LATER, 3)).toBe(2)
    expect((await revocations.after(0, 10)).map(({ subject }) => subject)).toEqual([stays.subject])
  })

  test('a position is never given out twice, though everything was forgotten', async () => {
    const world = await openWorld()
    for (let i = 0; i < 3; i++) await world.revocations.append(anEntry())
    const newest = await world.revocations.newest()
    await world.revocations.forget(LATER + DAY, 10)
    expect(await world.revocations.newest()).toBe(0)
    await (await world.openAgain()).revocations.append(anEntry())
    expect(await world.revocations.newest()).toBeGreaterThan(newest)
  })

  test('who watches hears of a change made here at once, of one made elsewhere soon, and then of no more', async () => {
    const world = await openWorld()
    const other = await world.openAgain()
    let heard = 0
    const known: string[] = []
    const stop = world.revocations.watch(async () => {
      heard++
      known.push(...(await subjects(world)))
    })
    await world.revocations.append(anEntry())
    expect(heard).toBeGreaterThan(0)
    const elsewhere = anEntry()
    await other.revocations.append(elsewhere)
    await expect.poll(() => known).toContain(elsewhere.subject)
    stop()
    const before = heard
    await world.revocations.append(anEntry())
    expect(heard).toBe(before)
  })
}

function waysToEnd({
  sessions,
  accounts,
}: Stores): Record<string, (userId: string, opened: Session[]) => Promise<unknown>> {
  const reason = 'revoked_by_user'
  return {
    'one by one': (_, opened) => sessions.endMany(idsOf(opened), 'logout', LATER),
    'all of a user': (userId) => sessions.endByUser(userId, { except: null, reason, now: LATER }),
    'a disabled account': (userId) => accounts.disable(userId, LATER),
    'a deleted account': (userId) => accounts.delete(userId, LATER),
    'opened before a time': () => sessions.endOpenedBefore(LATER, 'revoked_by_operator', LATER),
  }
}

function anEntry(facts: Partial<NewRevocation> = {}): NewRevocation {
  return { kind: 'jti', subject: newId(), revokedAt: LATER - DAY, expiresAt: LATER, ...facts }
}

async function subjects({ revocations }: Stores): Promise<string[]> {
  return (await revocations.after(0, 100)).map(({ subject }) => subject).toSorted()
}
