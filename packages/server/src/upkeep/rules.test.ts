import { expect, test } from 'vitest'
import { BEFORE_ALL_IDS, idAtPlace, placeOfId } from '../ids.ts'
import { newRound, roundFromText, roundToText } from './round.ts'
import { boundsAt, isDue, isOver, ROUND_EVERY_MS, type UpkeepPolicy } from './rules.ts'
import type { SessionFacts } from './store.ts'

const HOUR = 3_600_000
const DAY = 24 * HOUR
const NOW = Date.parse('2026-06-01T12:00:00Z')
const POLICY: UpkeepPolicy = { sessionRetentionSeconds: (3 * DAY) / 1000, idleTtlSeconds: (7 * DAY) / 1000 }
/** What it is kept for, with the margin for clocks that differ. */
const KEPT = 3 * DAY + HOUR

function facts(given: Partial<SessionFacts> = {}): SessionFacts {
  return { id: idAtPlace(0.5), lastUsedAt: NOW, expiresAt: NOW + 30 * DAY, endedAt: null, ...given }
}

function isGone(given: Partial<SessionFacts>, policy = POLICY): boolean {
  return isOver(facts(given), boundsAt(NOW, policy))
}

test('an ended session is kept for as long as was set, and an hour more, and then it is over', () => {
  expect(isGone({ endedAt: NOW - KEPT + 1 })).toBe(false)
  expect(isGone({ endedAt: NOW - KEPT })).toBe(true)
})

test('an ended session is kept from its end, however long ago it would have run out', () => {
  expect(isGone({ endedAt: NOW - DAY, lastUsedAt: NOW - 300 * DAY, expiresAt: NOW - 300 * DAY })).toBe(false)
})

test('a session that ran out counts from its idle end, or from its absolute end where that came first', () => {
  expect(isGone({ lastUsedAt: NOW - 7 * DAY - KEPT + 1 })).toBe(false)
  expect(isGone({ lastUsedAt: NOW - 7 * DAY - KEPT })).toBe(true)
  expect(isGone({ expiresAt: NOW - KEPT + 1 })).toBe(false)
  expect(isGone({ expiresAt: NOW - KEPT })).toBe(true)
})

test('with nothing to be kept, a session that a clock an hour behind still takes for live stays', () => {
  const policy = { ...POLICY, sessionRetentionSeconds: 0 }
  expect(isGone({ expiresAt: NOW - HOUR + 1 }, policy)).toBe(false)
  expect(isGone({ lastUsedAt: NOW - 7 * DAY - HOUR + 1 }, policy)).toBe(false)
  expect(isGone({ expiresAt: NOW - HOUR }, policy)).toBe(true)
})

test('a task is due at its time; one that a wrong clock has put off for longer than a round is due at once', () => {
  expect(isDue(NOW, NOW)).toBe(true)
  expect(isDue(NOW + 1, NOW)).toBe(false)
  expect(isDue(NOW + ROUND_EVERY_MS, NOW)).toBe(false)
  expect(isDue(NOW + DAY, NOW)).toBe(true)
})

test('the text of a round is read as it was written; any other begins a new round', () => {
  const round = { startedAt: NOW, looked: 12, removed: 3, behind: idAtPlace(0.25) }
  expect(roundFromText(roundToText(round))).toEqual(round)
  expect(roundFromText(roundToText(newRound(NOW)))).toEqual(newRound(NOW))
  for (const text of [null, '', 'x', `${NOW} 1 2`, `${NOW} 1 2 ${'z'.repeat(36)}`]) {
    expect(roundFromText(text)).toBeNull()
  }
})

test('the place of an id among all there could be is where it stands in their order', () => {
  expect(placeOfId(BEFORE_ALL_IDS)).toBe(0)
  expect(idAtPlace(0)).toBe(BEFORE_ALL_IDS)
  for (const place of [0.125, 0.5, 0.75]) expect(placeOfId(idAtPlace(place))).toBe(place)
  expect(placeOfId('ffffffff-ffff-4fff-bfff-ffffffffffff')).toBeCloseTo(1)
})
