import { StoreUnavailableError } from '../errors.ts'
import { onceAllIsRead } from './read-loop.ts'

interface Waiting<Request, Answer> {
  request: Request
  resolve: (answer: Answer) => void
  reject: (error: unknown) => void
}

/**
 * Makes one call of many: what arrives while the previous batch is in flight goes together into the next, so that
 * durability costs one flush per batch. An idle service adds no wait: a batch starts in the event-loop turn in
 * which its first request arrived. When the store was away for a batch, those that
 * waited for it are told so too.
 *
 * Answers are handed out when the loop has read every request that reached the machine while the flush held it up, so
 * that "arrived before the answer" means what it says.
 */
export function batched<Request, Answer>(
  run: (requests: Request[]) => Promise<Answer[]>,
  maxBatch = 256,
): (request: Request) => Promise<Answer> {
  const waiting: Waiting<Request, Answer>[] = []
  let busy = false

  async function flush(): Promise<void> {
    const batch = waiting.splice(0, maxBatch)
    let settle: () => void
    try {
      const answers = await run(batch.map(({ request }) => request))
      settle = () => batch.forEach(({ resolve }, i) => void resolve(answers[i] as Answer))
    } catch (error) {
      // Whoever came meanwhile has waited for the same store: one more wait for every batch in line would never end.
      const failed = error instanceof StoreUnavailableError ? [...batch, ...waiting.splice(0)] : batch
      settle = () => failed.forEach(({ reject }) => void reject(error))
    }
    onceAllIsRead(() => {
      settle()
      // The next batch starts a turn later, with whoever answers the answers at once: fewer, larger flushes.
      if (waiting.length > 0) setImmediate(flush)
      else busy = false
    })
  }

  return (request) =>
    new Promise((resolve, reject) => {
      waiting.push({ request, resolve, reject })
      if (busy) return
      busy = true
      setImmediate(flush)
    })
}
