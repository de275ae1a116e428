import { expect, test } from 'vitest'
import { Lines } from './lines.ts'

/** Work that goes on until it is let go, and how much of it is under way. */
function work() {
  const gates: PromiseWithResolvers<void>[] = []
  const underWay = { now: 0, most: 0 }
  return {
    underWay,
    async run(): Promise<void> {
      const gate = Promise.withResolvers<void>()
      gates.push(gate)
      underWay.most = Math.max(underWay.most, ++underWay.now)
      await gate.promise
      underWay.now--
    },
    letOneGo: () => gates.shift()?.resolve(),
  }
}

test('a few of a kind are under way at once, and the next begins when one is done', async () => {
  const lines = new Lines()
  const { run, underWay, letOneGo } = work()
  const all = Array.from({ length: 20 }, () => lines.inTurn('ada', run))
  const other = lines.inTurn('bob', async () => 'at once')
  expect(await other).toBe('at once')
  expect(underWay.now).toBe(4)
  for (const one of all) {
    letOneGo()
    await one
  }
  expect(underWay).toEqual({ now: 0, most: 4 })
})

test('who fails leaves the line as who succeeds does', async () => {
  const lines = new Lines()
  const fail = () => lines.inTurn('ada', () => Promise.reject(new Error('no')))
  const outcomes = await Promise.allSettled(Array.from({ length: 50 }, fail))
  expect(outcomes.every(({ status }) => status === 'rejected')).toBe(true)
  expect(await lines.inTurn('ada', async () => 'in turn')).toBe('in turn')
})

test('who comes when the lines are full does not wait in one', async () => {
  const lines = new Lines()
  const { run, underWay, letOneGo } = work()
  const all = Array.from({ length: 4 + 100 + 10 }, () => lines.inTurn('ada', run))
  expect(underWay.now).toBe(14)
  for (let i = 0; i < all.length; i++) {
    letOneGo()
    await new Promise(setImmediate)
  }
  await Promise.all(all)
  expect(underWay.now).toBe(0)
})
