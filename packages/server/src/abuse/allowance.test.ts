import { expect, test } from 'vitest'
import { Allowance } from './allowance.ts'

const NOW = Date.parse('2026-01-01T00:00:00Z')

function spend(allowance: Allowance, times: number, now = NOW): number {
  return Array.from({ length: times }, () => allowance.take('ada', now)).filter((wait) => wait === 0).length
}

test('so many at once, and then one whenever its share of the time has passed', () => {
  const allowance = new Allowance({ quota: 60, seconds: 60 })
  expect(spend(allowance, 100)).toBe(60)
  expect(allowance.take('ada', NOW)).toBe(1_000)
  expect(allowance.take('ada', NOW + 999)).toBe(1)
  expect(allowance.take('ada', NOW + 1_000)).toBe(0)
  expect(spend(allowance, 100, NOW + 11_000)).toBe(10)
  expect(spend(allowance, 100, NOW + 3_600_000)).toBe(60)
})

test('what one has spent is nothing to another', () => {
  const allowance = new Allowance({ quota: 1, seconds: 60 })
  expect([allowance.take('ada', NOW), allowance.take('bob', NOW), allowance.take('ada', NOW)]).toEqual([
    0, 0, 60_000,
  ])
})

test('a clock that is set back makes nobody wait for more than the usual time', () => {
  const allowance = new Allowance({ quota: 10, seconds: 60 })
  expect(spend(allowance, 10)).toBe(10)
  expect(allowance.take('ada', NOW - 3_600_000)).toBe(0)
})

test('what is over takes no memory, and a flood of keys no more than a bound', () => {
  const allowance = new Allowance({ quota: 10, seconds: 60 }, 5_000)
  for (let i = 0; i < 100_000; i++) allowance.take(`once-${i}`, NOW + i * 1_000)
  expect(allowance.size, 'one a second').toBeLessThan(2_000)

  for (let i = 0; i < 100_000; i++) allowance.take(`flood-${i}`, NOW)
  expect(allowance.size, 'all at once').toBeLessThan(8_000)
})
