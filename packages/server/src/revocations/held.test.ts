import { expect, test } from 'vitest'
import { HeldRevocations } from './held.ts'
import { anEntry, NOW } from './testing/entries.ts'

const HEARD = { now: NOW, elapsed: 0 }

test('what is held is read in order from any place on, be it one that was never given out', () => {
  const held = new HeldRevocations()
  held.add(
    [2, 3, 5, 9].map((position) => anEntry({ position })),
    HEARD,
  )
  held.add([anEntry({ position: 12 })], HEARD)
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
  held.add(
    [
      anEntry({ position: 1, kind: 'kid', subject: 'k', expiresAt: NOW + 5_000 }),
      anEntry({ position: 2, subject: 's', expiresAt: NOW + 1_000 }),
      anEntry({ position: 3, kind: 'jti', subject: 's', expiresAt: NOW + 2_000 }),
    ],
    HEARD,
  )
  held.forget({ now: NOW + 999, elapsed: 999 })
  expect(held.has('sid', 's')).toBe(true)
  held.forget({ now: NOW + 1_000, elapsed: 1_000 })
  expect([held.has('sid', 's'), held.has('jti', 's'), held.has('kid', 'k')]).toEqual([false, true, true])
  expect(held.after(0, 10).map(({ position }) => position)).toEqual([1, 3])
})

test('what was revoked twice is refused until the later end', () => {
  const held = new HeldRevocations()
  held.add(
    [
      anEntry({ position: 1, subject: 's', expiresAt: NOW + 2_000 }),
      anEntry({ position: 2, subject: 's', expiresAt: NOW + 1_000 }),
    ],
    HEARD,
  )
  held.forget({ now: NOW + 1_000, elapsed: 1_000 })
  expect(held.has('sid', 's')).toBe(true)
  held.forget({ now: NOW + 2_000, elapsed: 2_000 })
  expect(held.has('sid', 's')).toBe(false)
})

test('what only one of the clocks calls expired stays, and the log is told to keep it (LO-15)', () => {
  const held = new HeldRevocations()
  held.add([anEntry({ subject: 's', expiresAt: NOW + 1_000 })], HEARD)
  expect(held.forget({ now: NOW + 3_600_000, elapsed: 999 })).toBe(NOW + 999)
  expect(held.forget({ now: NOW + 999, elapsed: 3_600_000 })).toBe(NOW + 999)
  expect(held.has('sid', 's')).toBe(true)
  expect(held.forget({ now: NOW + 1_000, elapsed: 1_000 })).toBe(NOW + 1_000)
  expect(held.has('sid', 's')).toBe(false)
})
