import { expect, test } from 'vitest'
import { StoreUnavailableError } from '../errors.ts'
import { batched } from './batch.ts'

/** A run that is held until it is let go, and the batches that it was given. */
function heldRun() {
  const batches: number[][] = []
  const held: { batch: number[]; settle: (answers: Promise<string[]>) => void }[] = []
  const started: (() => void)[] = []
  return {
    batches,
    run: (batch: number[]) => {
      batches.push(batch)
      for (const hear of started.splice(0)) hear()
      return new Promise<string[]>((resolve) => held.push({ batch, settle: resolve }))
    },
    nextBatch: () => new Promise<void>((resolve) => started.push(resolve)),
    finish() {
      const { batch, settle } = held.shift()!
      settle(Promise.resolve(batch.map((request) => `answer ${request}`)))
    },
    fail(error: Error) {
      held.shift()!.settle(Promise.reject(error))
    },
  }
}

const turn = () => new Promise<void>((resolve) => setImmediate(resolve))

test('requests of one turn of the event loop go in one call, and each gets its own answer', async () => {
  const { run, batches, nextBatch, finish } = heldRun()
  const ask = batched(run)
  const answers = [1, 2, 3].map(ask)
  await nextBatch()
  finish()
  expect(await Promise.all(answers)).toEqual(['answer 1', 'answer 2', 'answer 3'])
  expect(batches).toEqual([[1, 2, 3]])
})

test('what arrives while a batch is in flight goes together into the next', async () => {
  const { run, batches, nextBatch, finish } = heldRun()
  const ask = batched(run)
  const first = ask(1)
  await nextBatch()
  const rest = [2, 3].map(ask)
  await turn()
  const last = ask(4)
  await turn()
  expect(batches).toEqual([[1]])

  const second = nextBatch()
  finish()
  await second
  finish()
  expect(await Promise.all([first, ...rest, last])).toEqual(['answer 1', 'answer 2', 'answer 3', 'answer 4'])
  expect(batches).toEqual([[1], [2, 3, 4]])
})

test('an idle service adds no wait: the batch starts in the turn in which its request came', async () => {
  const { run, batches, finish } = heldRun()
  const ask = batched(run)
  const answer = ask(1)
  expect(batches).toEqual([])
  await turn()
  expect(batches).toEqual([[1]])
  finish()
  await answer
})

test('a batch has its largest size, and nobody in the queue is forgotten or overtaken', async () => {
  const batches: number[][] = []
  const ask = batched(async (batch: number[]) => {
    batches.push(batch)
    return batch
  }, 3)
  const requests = [1, 2, 3, 4, 5, 6, 7, 8]
  expect(await Promise.all(requests.map(ask))).toEqual(requests)
  expect(batches).toEqual([
    [1, 2, 3],
    [4, 5, 6],
    [7, 8],
  ])
})

test('when the store is away for a batch it is so for those that have waited for it, and the next is tried afresh', async () => {
  const { run, batches, nextBatch, fail, finish } = heldRun()
  const ask = batched(run)
  const inFlight = [1, 2].map(ask)
  await nextBatch()
  const waiting = ask(3)
  fail(new StoreUnavailableError(new Error('no flush')))
  for (const outcome of await Promise.allSettled([...inFlight, waiting])) {
    expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'STORE_UNAVAILABLE' } })
  }

  const next = ask(4)
  await nextBatch()
  finish()
  expect(await next).toBe('answer 4')
  expect(batches).toEqual([[1, 2], [4]])
})

test('answers are handed out a turn after the flush, when what had reached the machine meanwhile has been read', async () => {
  const order: string[] = []
  const ask = batched(async (batch: number[]) => {
    setImmediate(() => order.push('the loop goes round'))
    return batch
  })
  await ask(1).then(() => order.push('the answer'))
  expect(order).toEqual(['the loop goes round', 'the answer'])
})

test('a mistake in one batch is not taken out on those that have waited for it', async () => {
  const { run, nextBatch, fail, finish } = heldRun()
  const ask = batched(run)
  const inFlight = ask(1)
  await nextBatch()
  const waiting = ask(2)
  const next = nextBatch()
  fail(new Error('a mistake'))
  await expect(inFlight).rejects.toThrow('a mistake')
  await next
  finish()
  expect(await waiting).toBe('answer 2')
})
