import { expect, test } from 'vitest'
import { createExclusive } from './lock.ts'

test('tasks run one after the other, in the order they came', async () => {
  const exclusive = createExclusive(undefined, 'unused', 1000)
  const first = Promise.withResolvers<void>()
  const order: string[] = []
  const both = Promise.all([
    exclusive(async () => {
      await first.promise
      order.push('first')
    }),
    exclusive(async () => void order.push('second')),
  ])
  first.resolve()
  await both
  expect(order).toEqual(['first', 'second'])
})

test('a task that fails tells its own caller and lets the next one run', async () => {
  const exclusive = createExclusive(navigator.locks, 'a task that fails', 1000)
  await expect(exclusive(() => Promise.reject(new Error('mine')))).rejects.toThrow('mine')
  await expect(exclusive(async () => 'next')).resolves.toBe('next')
})

test('a tab that never lets go of the lock delays the others by the bounded wait, not for ever', async () => {
  const frozen = Promise.withResolvers<void>()
  void navigator.locks.request('held by a frozen tab', () => frozen.promise)
  const exclusive = createExclusive(navigator.locks, 'held by a frozen tab', 20)
  await expect(exclusive(async () => 'went on')).resolves.toBe('went on')
  frozen.resolve()
})
