import { expect, test } from 'vitest'
import { Recent } from './recent.ts'

test('there are never more entries than there may be', () => {
  for (const most of [2, 3, 10, 1000]) {
    const recent = new Recent<number>(most)
    for (let index = 0; index < 5000; index++) {
      recent.set(`key-${index}`, index)
      recent.get(`key-${index % 7}`)
      expect(recent.size).toBeLessThanOrEqual(most)
    }
  }
})

test('what is used stays, and what is not leaves', () => {
  const recent = new Recent<number>(10)
  recent.set('used', 1)
  recent.set('unused', 2)
  for (let index = 0; index < 20; index++) {
    recent.set(`key-${index}`, index)
    expect(recent.get('used')).toBe(1)
  }
  expect(recent.get('unused')).toBeUndefined()
})

test('an entry that is set or deleted is so wherever it was', () => {
  const recent = new Recent<number>(4)
  recent.set('a', 1)
  recent.set('b', 2)
  recent.set('c', 3)
  recent.set('a', 10)
  expect([recent.get('a'), recent.size]).toEqual([10, 3])
  recent.delete('b')
  recent.delete('a')
  expect([recent.get('a'), recent.get('b'), recent.get('c'), recent.size]).toEqual([
    undefined,
    undefined,
    3,
    1,
  ])
})
