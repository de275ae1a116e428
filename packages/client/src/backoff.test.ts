import { expect, test } from 'vitest'
import { delayAfter } from './backoff.ts'

test('each failure doubles the wait, spread over half of it', () => {
  const waits = (random: number) => [1, 2, 3].map((tries) => delayAfter(tries, 0, random))
  expect(waits(0)).toEqual([250, 500, 1000])
  expect(waits(0.999).map(Math.round)).toEqual([500, 1000, 1999])
})

test('the wait that the service asked for comes on top', () => {
  expect(delayAfter(1, 2, 0)).toBe(2250)
})

test('a service that asks for days is asked again after five minutes', () => {
  expect(delayAfter(1, 999_999, 0)).toBe(300_250)
})
