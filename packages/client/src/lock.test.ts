import { expect, test } from 'vitest'
import { inOrder, underWebLock } from './lock.ts'

test('tasks run one after the other, in the order they came', async () => {
  const exclusive = inOrder(Promise.resolve({ lock: (task) => task() }))
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
  const exclusive = inOrder(
    Promise.resolve({ lock: underWebLock(navigator.locks, 'a task that fails', 1000) }),
  )
  await expect(exclusive(() => Promise.reject(new Error('mine')))).rejects.toThrow('mine')
  await expect(exclusive(async () => 'next')).resolves.toBe('next')
})

test('a tab that never lets go of the lock delays the others by the bounded wait, not for ever', async () => {
  const frozen = Promise.withResolvers<void>()
  navigator.locks.request('held by a frozen tab', () => frozen.promise).catch(() => undefined)
  const exclusive = underWebLock(navigator.locks, 'held by a frozen tab', 20)
  await expect(exclusive(async () => 'went on')).resolves.toBe('went on')
  // The lock was taken away for good: the next one does not wait for the frozen tab again.
  const patient = underWebLock(navigator.locks, 'held by a frozen tab', 60_000)
  await expect(patient(async () => 'at once')).resolves.toBe('at once')
  frozen.resolve()
})

test('a task whose lock was taken away in the middle still ends with its own outcome', async () => {
  const answer = Promise.withResolvers<string>()
  const robbed = underWebLock(navigator.locks, 'taken away', 60_000)(() => answer.promise)
  await navigator.locks.request('taken away', { steal: true }, async () => undefined)
  answer.resolve('its own')
  await expect(robbed).resolves.toBe('its own')
})
