import { expect, test } from 'vitest'
import { hashingShare, isWorkerCount } from './worker-count.ts'

test('the threads that hash and their queue are shared out among the workers, and each has one at least', () => {
  expect(hashingShare({ workers: 4, maxQueue: 100 }, 2)).toEqual({ workers: 2, maxQueue: 50 })
  expect(hashingShare({ workers: 3, maxQueue: 100 }, 2)).toEqual({ workers: 1, maxQueue: 50 })
  expect(hashingShare({ workers: 1, maxQueue: 3 }, 8)).toEqual({ workers: 1, maxQueue: 1 })
})

test('a number of workers is a whole one from 1 to 256, or auto', () => {
  for (const good of [1, 2, 256, 'auto']) expect(isWorkerCount(good), String(good)).toBe(true)
  for (const bad of [0, 257, 1.5, -1, Number.NaN, '2', 'all', null])
    expect(isWorkerCount(bad), String(bad)).toBe(false)
})
