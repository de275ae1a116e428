import { expect, test } from 'vitest'
import {
  eventId,
  NOTHING,
  parseEventId,
  refuseKeyUntil,
  refuseTokenUntil,
  secondsToRefuseSession,
} from './rules.ts'

const NOW = Date.parse('2026-01-01T12:00:00Z')

test('an event id names a place in the log and its time, and is read as it was written', () => {
  for (const place of [NOTHING, { position: 7, revokedAt: NOW }, { position: 1e14, revokedAt: 0 }]) {
    expect(parseEventId(eventId(place))).toEqual(place)
  }
  expect(eventId({ position: 7, revokedAt: NOW })).toBe(`7-${NOW}`)
  expect(eventId(NOTHING)).toBe('0-0')
})

test('a text that is no event id names nothing, whatever it looks like', () => {
  for (const text of [
    '',
    '7',
    '7-',
    '-7',
    '07-1',
    '7-1-2',
    '+7-1',
    ' 7-1',
    '7-1\n',
    '7.5-1',
    '1e3-1',
    '٧-١',
    '0x7-1',
    `${'9'.repeat(16)}-1`,
    `1-${'9'.repeat(400)}`,
    'null',
  ]) {
    expect(parseEventId(text), text).toBeNull()
  }
})

test('the end of a session is told until its last access token has run out for every verifier: 300 seconds of leeway, and a minute for clocks that disagree (LO-15)', () => {
  expect(secondsToRefuseSession(900)).toBe(1260)
  expect(secondsToRefuseSession(1)).toBe(361)
  expect(refuseTokenUntil(NOW)).toBe(NOW + 360_000)
})

test('a key that was withdrawn is refused for thirty days', () => {
  expect(refuseKeyUntil(NOW)).toBe(Date.parse('2026-01-31T12:00:00Z'))
})
