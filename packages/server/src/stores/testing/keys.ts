import { expect, test } from 'vitest'
import type { StoredKey } from '../../keys/key.ts'
import { OPENED } from '../../sessions/testing/sessions.ts'
import { aKey, byId, type OpenWorld, sameKeyBytes, YEAR_2106 } from './world.ts'

export function describeKeys(openWorld: OpenWorld): void {
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
