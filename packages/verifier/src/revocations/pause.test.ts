import { expect, test } from 'vitest'
import { type Ending, pauseAfter, readRetryAfter } from './pause.ts'

const cut: Ending = { problem: '', failures: 0, isRefused: false, retryMs: 1000, retryAfterMs: 0 }

test('after a cut it is tried again within what the service asked for, and not by all in the same instant', () => {
  expect([pauseAfter(cut, 0), pauseAfter(cut, 0.5), pauseAfter(cut, 1)]).toEqual([1000, 750, 500])
})

test('the pauses double up to ten seconds, well within the time until the feed is stale', () => {
  const pauses = [0, 1, 2, 3, 4, 5, 6, 2000].map((failures) => pauseAfter({ ...cut, failures }, 0))
  expect(pauses).toEqual([1000, 2000, 4000, 8000, 10_000, 10_000, 10_000, 10_000])
})

test('a service that does not know us is asked once a minute', () => {
  expect(pauseAfter({ ...cut, isRefused: true }, 0)).toBe(60_000)
})

test('a service that asks for more time is given it', () => {
  expect(pauseAfter({ ...cut, retryAfterMs: 7000 }, 1)).toBe(7000)
  expect(pauseAfter({ ...cut, failures: 5, retryAfterMs: 3000 }, 1)).toBe(5000)
})

test('how much more is said in seconds or by a date, and five minutes are the most', () => {
  const now = Date.UTC(2026, 0, 1)
  const read = (header: string | null | undefined) => readRetryAfter(header, now)
  expect(read('7')).toBe(7000)
  expect(read('Thu, 01 Jan 2026 00:00:20 GMT')).toBe(20_000)
  expect([read('86400'), read('Fri, 02 Jan 2026 00:00:00 GMT')]).toEqual([300_000, 300_000])
  for (const header of ['', null, undefined, '0', '-5', 'soon', 'Wed, 31 Dec 2025 00:00:00 GMT'])
    expect(read(header)).toBe(0)
})
