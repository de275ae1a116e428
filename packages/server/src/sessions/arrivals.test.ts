import { expect, test } from 'vitest'
import { type ArrivalQuestion, RefreshArrivals } from './arrivals.ts'

test('a request that arrived before the answer was under way, one that came after it was not', () => {
  const arrivals = new RefreshArrivals()
  const early = arrivals.enter()
  const winner = arrivals.enter()
  const beforeTheWrite = arrivals.enter()
  arrivals.rotating('s', 3, winner)
  const beforeTheAnswer = arrivals.enter()

  for (const request of [early, beforeTheWrite, beforeTheAnswer]) {
    expect(arrivals.cameBeforeAnswer(request, 's', 3)).toBe(true)
  }
  arrivals.leave(winner)
  const late = arrivals.enter()
  for (const request of [early, beforeTheWrite, beforeTheAnswer]) {
    expect(arrivals.cameBeforeAnswer(request, 's', 3)).toBe(true)
  }
  expect(arrivals.cameBeforeAnswer(late, 's', 3)).toBe(false)
})

test('what holds for one generation says nothing about another, nor about another session', () => {
  const arrivals = new RefreshArrivals()
  const early = arrivals.enter()
  arrivals.rotating('s', 3, arrivals.enter())
  expect(arrivals.cameBeforeAnswer(early, 's', 2)).toBe(false)
  expect(arrivals.cameBeforeAnswer(early, 's', 4)).toBe(false)
  expect(arrivals.cameBeforeAnswer(early, 'another', 3)).toBe(false)
})

test('once a session has moved on, its earlier generation is no longer excused', () => {
  const arrivals = new RefreshArrivals()
  const slow = arrivals.enter()
  const first = arrivals.enter()
  arrivals.rotating('s', 3, first)
  arrivals.leave(first)
  arrivals.rotating('s', 4, arrivals.enter())
  expect(arrivals.cameBeforeAnswer(slow, 's', 3)).toBe(false)
  expect(arrivals.cameBeforeAnswer(slow, 's', 4)).toBe(true)
})

test('nothing is remembered once nobody is under way who could ask for it', () => {
  const arrivals = new RefreshArrivals()
  for (let i = 0; i < 1000; i++) {
    const request = arrivals.enter()
    arrivals.rotating(`s${i}`, 0, request)
    arrivals.leave(request)
  }
  expect(arrivals.size).toBe(0)
})

test('a request that hangs keeps at most one entry per session, and all of them go with it', () => {
  const arrivals = new RefreshArrivals()
  const hanging = arrivals.enter()
  for (let i = 0; i < 1000; i++) {
    const request = arrivals.enter()
    arrivals.rotating(`s${i % 10}`, i, request)
    arrivals.leave(request)
  }
  expect(arrivals.size).toBe(10)
  arrivals.leave(hanging)
  expect(arrivals.size).toBe(0)
})

test('a request that leaves without having rotated anything leaves nothing behind', () => {
  const arrivals = new RefreshArrivals()
  const winner = arrivals.enter()
  const loser = arrivals.enter()
  arrivals.rotating('s', 0, winner)
  arrivals.leave(winner)
  expect(arrivals.size).toBe(1)
  arrivals.leave(loser)
  expect(arrivals.size).toBe(0)
})

test('a rotation counts from before it is written: another worker may see it before this one hears of it', async () => {
  const worker = new RefreshArrivals(async () => false)
  const winner = worker.enter()
  worker.rotating('s', 3, winner)
  expect(worker.cameBeforeAnswer(worker.enter(), 's', 3)).toBe(true)
  worker.lost('s', winner)
  expect(worker.cameBeforeAnswer(worker.enter(), 's', 3)).toBe(false)
})

test('workers of one node tell each other which request came before which answer, also when nothing is under way any more', async () => {
  const workers: RefreshArrivals[] = []
  const askOthers = async ({ arrivedAt, sessionId, generation }: ArrivalQuestion) =>
    workers.some((worker) => worker.cameBeforeAnswer({ arrivedAt }, sessionId, generation))
  const [one, other] = [new RefreshArrivals(askOthers), new RefreshArrivals(askOthers)]
  workers.push(one)
  const early = other.enter()
  const winner = one.enter()
  one.rotating('s', 3, winner)
  one.leave(winner)
  const ask = (arrivedAt: number) =>
    other.cameBeforeAnswerElsewhere({ arrivedAt, sessionId: 's', generation: 3 })
  expect(await ask(early.arrivedAt)).toBe(true)
  // Only the clock that both share can tell that it has gone on.
  const answeredAt = winner.answeredAt as number
  await expect.poll(async () => other.enter().arrivedAt > answeredAt).toBe(true)
  expect(await ask(other.enter().arrivedAt)).toBe(false)
})

test('a worker that does not answer knows of nothing', async () => {
  const worker = new RefreshArrivals(() => Promise.reject(new Error('no answer in time')))
  expect(await worker.cameBeforeAnswerElsewhere({ arrivedAt: 0, sessionId: 's', generation: 3 })).toBe(false)
})
