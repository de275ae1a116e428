import { expect, test } from 'vitest'
import { Liveness } from './liveness.ts'

function create() {
  const clock = { now: 1_000_000, elapsed: 0 }
  return { clock, liveness: new Liveness({ now: () => clock.now, elapsed: () => clock.elapsed }) }
}

test('before it was heard for the first time, that is endlessly long ago', () => {
  expect(create().liveness.secondsSinceHeard()).toBe(Number.POSITIVE_INFINITY)
})

test('a clock that is set back freezes nothing, whatever it shows afterwards', () => {
  const { clock, liveness } = create()
  liveness.hear()
  clock.now -= 3_600_000
  expect(liveness.secondsSinceHeard()).toBe(3600)
  // An hour later the clock shows again what it showed then.
  clock.now += 3_600_000
  clock.elapsed += 3_600_000
  expect(liveness.secondsSinceHeard()).toBe(3600)
})

test('a machine that slept has not heard it since', () => {
  const { clock, liveness } = create()
  liveness.hear()
  clock.now += 60_000
  expect(liveness.secondsSinceHeard()).toBe(60)
})

test('a clock that tells no number has heard nothing', () => {
  const liveness = new Liveness({ now: () => Number.NaN, elapsed: () => 0 })
  liveness.hear()
  expect(liveness.secondsSinceHeard() <= 30).toBe(false)
})
