import { expect, onTestFinished, test, vi } from 'vitest'
import type { CounterStore } from '../../abuse/store.ts'
import { insured } from './counters.ts'
import { createMemoryCounters } from './memory.ts'

const AWAY: CounterStore = {
  add: () => Promise.reject(new Error('away')),
  read: () => Promise.reject(new Error('away')),
  forget: () => Promise.reject(new Error('away')),
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
  const counters = insured(AWAY, createMemoryCounters(), heard)
  await counters.add('ada', 1, 60)
  expect((await counters.add('ada', 1, 60)).total).toBe(2)
  expect((await counters.read('ada'))?.total).toBe(2)
  await counters.forget('ada')
  expect(await counters.read('ada')).toBeNull()
  expect(heard).toHaveBeenCalledTimes(5)
})
