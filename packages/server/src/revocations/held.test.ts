import { expect, test } from 'vitest'
import { HeldRevocations } from './held.ts'
import { anEntry, NOW } from './testing/entries.ts'

test('what is held is read in order from any place on, be it one that was never given out', () => {
  const held = new HeldRevocations()
  held.add([2, 3, 5, 9].map((position) => anEntry({ position })))
  held.add([anEntry({ position: 12 })])
  const positionsAfter = (position: number, limit = 10) =>
    held.after(position, limit).map((entry) => entry.position)
  expect(positionsAfter(0)).toEqual([2, 3, 5, 9, 12])
  expect(positionsAfter(3)).toEqual([5, 9, 12])
  expect(positionsAfter(4, 2)).toEqual([5, 9])
  expect(positionsAfter(12)).toEqual([])
  expect(held.at(5)?.position).toBe(5)
  expect(held.at(4)).toBeUndefined()
  expect(held.at(13)).toBeUndefined()
  expect(held.newest()?.position).toBe(12)
})

test('what has expired is let go, at its instant and not before; what is refused for longer stays (LO-15)', () => {
  const held = new HeldRevocations()
  held.add([
    anEntry({ position: 1, kind: 'kid', subject: 'k', expiresAt: NOW + 5_000 }),
    anEntry({ position: 2, subject: 's', expiresAt: NOW + 1_000 }),
    anEntry({ position: 3, kind: 'jti', subject: 's', expiresAt: NOW + 2_000 }),
  ])
  held.forget(NOW + 999)
  expect(held.has('sid', 's')).toBe(true)
  held.forget(NOW + 1_000)
  expect([held.has('sid', 's'), held.has('jti', 's'), held.has('kid', 'k')]).toEqual([false, true, true])
  expect(held.after(0, 10).map(({ position }) => position)).toEqual([1, 3])
})

test('what was revoked twice is refused until the later end', () => {
  const held = new HeldRevocations()
  held.add([
    anEntry({ position: 1, subject: 's', expiresAt: NOW + 2_000 }),
    anEntry({ position: 2, subject: 's', expiresAt: NOW + 1_000 }),
  ])
  held.forget(NOW + 1_000)
  expect(held.has('sid', 's')).toBe(true)
  held.forget(NOW + 2_000)
  expect(held.has('sid', 's')).toBe(false)
})
