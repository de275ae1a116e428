import { expect, onTestFinished, test, vi } from 'vitest'
import type { CounterStore } from '../../abuse/store.ts'
import { StoreUnavailableError } from '../../errors.ts'
import { insured } from './counters.ts'
import { createMemoryCounters } from './memory.ts'

function rejecting(error: Error): CounterStore {
  const reject = () => Promise.reject(error)
  return { add: reject, read: reject, forget: reject }
}

test('of additions at once each is told another total, and a count ends when its time is over', async () => {
  vi.useFakeTimers({ toFake: ['Date'] })
  onTestFinished(() => void vi.useRealTimers())
  const counters = createMemoryCounters()
  const counts = await Promise.all(Array.from({ length: 100 }, () => counters.add('ada', 1, 60)))
  expect(new Set(counts.map(({ total }) => total)).size).toBe(100)

  vi.setSystemTime(Date.now() + 59_000)
  expect(await counters.add('ada', -40, 60)).toEqual({ total: 60, endsInMs: 1_000 })
  expect(await counters.read('ada')).toEqual({ total: 60, endsInMs: 1_000 })
  vi.setSystemTime(Date.now() + 1_000)
  expect(await counters.read('ada')).toBeNull()
  expect(await counters.add('ada', 1, 60)).toEqual({ total: 1, endsInMs: 60_000 })

  await counters.forget('ada')
  expect(await counters.read('ada')).toBeNull()
})

test('RL-06: a flood of keys takes a bounded memory: those counted longest ago make room', async () => {
  const counters = createMemoryCounters(1_000)
  await counters.add('first', 1, 3_600)
  for (let i = 0; i < 5_000; i++) {
    await counters.add(`flood-${i}`, 1, 3_600)
    if (i % 500 === 0) await counters.add('in use', 1, 3_600)
  }
  const left = await Promise.all(Array.from({ length: 5_000 }, (_, i) => counters.read(`flood-${i}`)))
  expect(left.filter((count) => count !== null)).toHaveLength(999)
  expect([await counters.read('first'), (await counters.read('in use'))?.total]).toEqual([null, 10])
})

test('SO-03: where the store of the counts does not answer, the spare one counts, and somebody hears of it', async () => {
  const heard = vi.fn()
  const counters = insured(rejecting(new Error('away')), createMemoryCounters(), heard)
  await counters.add('ada', 1, 60)
  expect((await counters.add('ada', 1, 60)).total).toBe(2)
  expect((await counters.read('ada'))?.total).toBe(2)
  await counters.forget('ada')
  expect(await counters.read('ada')).toBeNull()
  expect(heard).toHaveBeenCalledTimes(5)
})

test('SO-03: where the counts are in the database, a count that it cannot take is no try', async () => {
  const heard = vi.fn()
  const away = new StoreUnavailableError(new Error('no connection is free'))
  const counters = insured(rejecting(away), createMemoryCounters(), heard)
  await expect(counters.add('ada', 1, 60)).rejects.toBe(away)
  await expect(counters.read('ada')).rejects.toBe(away)
  expect(heard).not.toHaveBeenCalled()
})
