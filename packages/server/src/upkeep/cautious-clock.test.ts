import { expect, test } from 'vitest'
import { cautious } from './cautious-clock.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const YEAR = 365 * 24 * HOUR

function startClock() {
  const clock = { now: Date.parse('2026-06-01T12:00:00Z'), elapsed: 5 }
  const believed = cautious(
    () => clock.now,
    () => clock.elapsed,
  )
  return {
    clock,
    believed,
    pass(milliseconds: number) {
      for (let left = milliseconds; left > 0; left -= MINUTE) {
        clock.now += Math.min(left, MINUTE)
        clock.elapsed += Math.min(left, MINUTE)
        believed()
      }
    },
  }
}

test('a clock that goes on as time does is believed', () => {
  const { clock, believed, pass } = startClock()
  for (let i = 0; i < 5; i++) {
    pass(HOUR)
    expect(believed()).toBe(clock.now)
  }
})

test('a clock that is set a year ahead, and back within the hour, was never believed', () => {
  const { clock, believed, pass } = startClock()
  pass(90 * MINUTE)
  const before = believed()
  clock.now += YEAR
  expect(believed()).toBe(before)
  pass(59 * MINUTE)
  expect(believed()).toBe(before + 59 * MINUTE)
  clock.now -= YEAR
  pass(HOUR)
  expect(believed()).toBe(clock.now)
})

test('a clock that was wrong at the start, and set right, is believed when it has stood for two hours', () => {
  const { clock, believed, pass } = startClock()
  clock.now += 50 * YEAR
  pass(2 * HOUR)
  expect(believed()).toBe(clock.now)
})

test('what it says is a whole number of milliseconds, whatever has passed', () => {
  const { clock, believed } = startClock()
  clock.now += 2
  clock.elapsed += 1.7
  expect(believed()).toBe(clock.now - 1)
})

test('a clock that is set back is believed at once', () => {
  const { clock, believed, pass } = startClock()
  pass(3 * HOUR)
  clock.now -= YEAR
  expect(believed()).toBe(clock.now)
})
