import { expect, test } from 'vitest'
import { describeTimes, duration, roughly } from './index.ts'

const NOW = 1_767_225_600

test('a token in the middle of its life', () => {
  const payload = { iat: NOW - 180, exp: NOW + 720, auth_time: NOW - 7200, sub: 'ada' }
  expect(describeTimes(payload, NOW)).toEqual({
    claims: [
      { name: 'iat', instant: '2025-12-31T23:57:00.000Z', text: 'issued 3 minutes ago' },
      { name: 'exp', instant: '2026-01-01T00:12:00.000Z', text: 'expires in 12 minutes' },
      { name: 'auth_time', instant: '2025-12-31T22:00:00.000Z', text: 'signed in 2 hours ago' },
    ],
    state: 'running',
    text: '12 minutes left of 15 minutes',
    lifetimeSeconds: 900,
    leftSeconds: 720,
  })
})

test.each<[string, object, object]>([
  [
    'expired',
    { iat: NOW - 1080, exp: NOW - 180 },
    { state: 'expired', text: 'expired 3 minutes ago', leftSeconds: 0, lifetimeSeconds: 900 },
  ],
  ['expired just now', { exp: NOW }, { state: 'expired', text: 'expired now', lifetimeSeconds: null }],
  [
    'not good yet',
    { nbf: NOW + 60, exp: NOW + 120 },
    { state: 'not good yet', text: 'begins in 1 minute', lifetimeSeconds: 60 },
  ],
  ['without end', { iat: NOW }, { state: 'without end', leftSeconds: null, lifetimeSeconds: null }],
  [
    'without a beginning',
    { exp: NOW + 60 },
    { state: 'running', text: '1 minute left', lifetimeSeconds: null },
  ],
  ['ending before it begins', { iat: NOW, exp: NOW - 60 }, { state: 'expired', lifetimeSeconds: null }],
])('a token that is %s', (_, payload, expected) => {
  expect(describeTimes({ ...payload }, NOW)).toMatchObject(expected)
})

test('what is no number is no time, and what no calendar reaches has no instant', () => {
  expect(describeTimes({ iat: '1', exp: null, nbf: Number.POSITIVE_INFINITY }, NOW).claims).toEqual([])
  const far = describeTimes({ exp: 1e18 }, NOW)
  expect(far.claims).toMatchObject([{ name: 'exp', instant: null }])
  expect(describeTimes({ iat: -1e308, exp: 1e308 }, NOW).lifetimeSeconds).toBeNull()
  expect(describeTimes(JSON.parse('{"__proto__":{"exp":1}}'), NOW).claims).toEqual([])
})

test.each([
  [0.4, 'now'],
  [-1, '1 second ago'],
  [59.9, 'in 59 seconds'],
  [-3600, '1 hour ago'],
  [172_800, 'in 2 days'],
  [63_072_000, 'in 2 years'],
])('%d seconds ahead is %s', (seconds, words) => {
  expect(roughly(seconds)).toBe(words)
})

test('a duration is told in its largest unit', () => {
  expect([1, 90, 900, 604_800].map(duration)).toEqual(['1 second', '1 minute', '15 minutes', '7 days'])
})
