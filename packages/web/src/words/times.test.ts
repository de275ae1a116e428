import { expect, test } from 'vitest'
import { countdown, duration, roughly } from './times.ts'

test.each([
  [0.4, 'now'],
  [-1, '1 second ago'],
  [59.9, 'in 59 seconds'],
  [-3600, '1 hour ago'],
  [172_800, 'in 2 days'],
])('%d seconds ahead is %s', (seconds, words) => {
  expect(roughly(seconds)).toBe(words)
})

test('a countdown never shows less than nothing, and no zero before the end', () => {
  expect([899.2, 3, 0.1, 0, -5].map(countdown)).toEqual(['15:00', '0:03', '0:01', '0:00', '0:00'])
})

test('a duration is told in its largest unit', () => {
  expect([1, 90, 900, 604_800].map(duration)).toEqual(['1 second', '1 minute', '15 minutes', '7 days'])
})
