import { expect, test } from 'vitest'
import { createClock } from './clock.ts'

function device() {
  const clocks = { monotonic: 1000, wall: 1_700_000_000_000 }
  const now = createClock({
    performance: { now: () => clocks.monotonic },
    Date: { now: () => clocks.wall },
  })
  const pass = (milliseconds: number) => {
    clocks.monotonic += milliseconds
    clocks.wall += milliseconds
  }
  return { clocks, now, pass }
}

test('time passes as the monotonic clock says', () => {
  const { now, pass } = device()
  const before = now()
  pass(900_000)
  expect(now() - before).toBe(900_000)
})

test('the hours that the machine slept count, though its monotonic clock stood still', () => {
  const { clocks, now, pass } = device()
  const before = now()
  clocks.wall += 3_600_000
  pass(1000)
  expect(now() - before).toBe(3_601_000)
  pass(1000)
  expect(now() - before).toBe(3_602_000)
})

test('a wall clock that is set back never turns time back', () => {
  const { clocks, now, pass } = device()
  const before = now()
  clocks.wall -= 36_000_000
  pass(1000)
  expect(now() - before).toBe(1000)
})

test('a wall clock that jumps to and fro by hours counts for its jumps forward alone, each once', () => {
  const { clocks, now, pass } = device()
  const before = now()
  for (let jump = 0; jump < 5; jump++) {
    clocks.wall += 3_600_000
    pass(1000)
    now()
    clocks.wall -= 3_600_000
    pass(1000)
    now()
  }
  expect(now() - before).toBe(5 * 3_600_000 + 10_000)
})

test('two clocks that drift apart slowly are not taken for sleep', () => {
  const { clocks, now, pass } = device()
  const before = now()
  for (let step = 0; step < 1000; step++) {
    pass(1000)
    clocks.wall += 1
    now()
  }
  expect(now() - before).toBe(1_000_000)
})
