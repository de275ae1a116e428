import { expect, test } from 'vitest'
import { delayAfter, TRIES } from './backoff.ts'

test('each failure doubles the wait, spread over half of it', () => {
  const waits = (random: number) => [1, 2, 3].map((tries) => delayAfter(tries, undefined, random))
  expect(waits(0)).toEqual([250, 500, 1000])
  expect(waits(0.999).map((wait) => Math.round(wait ?? 0))).toEqual([500, 1000, 1999])
})

test('the wait that the service asked for comes on top', () => {
  expect(delayAfter(1, 2, 0)).toBe(2250)
})

test('it gives up after the last try, and at once when the service asks for a long wait', () => {
  expect(delayAfter(TRIES, undefined, 0)).toBeNull()
  expect(delayAfter(1, 60, 0)).toBeNull()
})
