import { expect, test } from 'vitest'
import { type Note, underLease } from './lease.ts'

/** Tabs that have one note and one clock, which only waiting moves. */
function startTabs(note: Partial<Note> = {}) {
  let time = 0
  let tabs = 0
  const records = {
    change: async (edit: (note: Partial<Note>) => Partial<Note>) => {
      note = edit(note)
      return note
    },
  }
  const sleep = async (milliseconds: number) => {
    time += milliseconds
    if (time > 60_000) throw new Error('waited for a minute')
  }
  const lock = underLease(records, { now: () => time, sleep }, () => `tab ${++tabs}`)
  return { lock, waited: () => time }
}

test('the lock is given back, also by a task that failed, so the next one waits for nothing', async () => {
  const { lock, waited } = startTabs()
  await lock(async () => 'done')
  await expect(lock(() => Promise.reject(new Error('failed')))).rejects.toThrow('failed')
  expect(await lock(async () => 'done')).toBe('done')
  expect(waited()).toBe(0)
})

test('the lock of a tab that is gone is taken over after ten seconds, and no sooner', async () => {
  const { lock, waited } = startTabs({ holder: 'a tab that is gone' })
  expect(await lock(async () => 'done')).toBe('done')
  expect(waited()).toBeGreaterThanOrEqual(10_000)
  expect(waited()).toBeLessThan(11_000)
})
