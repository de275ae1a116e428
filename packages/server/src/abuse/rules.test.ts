import { expect, test } from 'vitest'
import { addressRange, waitAfter } from './rules.ts'

test('the wait doubles from a minute to an hour, and stays there', () => {
  expect([1, 2, 3, 4, 5, 6, 7, 8, 30, 5_000].map(waitAfter)).toEqual([
    60, 120, 240, 480, 960, 1920, 3600, 3600, 3600, 3600,
  ])
})

test('RL-04: all addresses of one /64 are one sender, and those of the next are another', () => {
  const inside = Array.from({ length: 200 }, (_, i) => `2001:db8:1:2:${i.toString(16)}::${i + 1}`)
  expect(new Set(inside.map(addressRange)).size).toBe(1)
  expect(addressRange('2001:db8:1:3::1')).not.toBe(addressRange('2001:db8:1:2::1'))
})

test('each IPv4 address is a sender of its own, also in IPv6 clothes', () => {
  expect(addressRange('203.0.113.9')).not.toBe(addressRange('203.0.113.8'))
  expect(addressRange('::ffff:203.0.113.9')).toBe(addressRange('203.0.113.9'))
})

test('where nobody knows the address there is no sender', () => {
  expect([null, '', 'unknown', '203.0.113.999'].map(addressRange)).toEqual([null, null, null, null])
})
