/** Runs tasks one at a time: in this client always, and among the tabs of one origin where Web Locks exist. */
export type Exclusive = <T>(task: () => Promise<T>) => Promise<T>

/**
 * After `waitMs` a task runs without the other tabs' consent: a frozen tab must not stop the rest. That is safe because
 * the tabs share one stored `Idempotency-Key`, for which the service answers with the same successor.
 */
export function createExclusive(locks: LockManager | undefined, name: string, waitMs: number): Exclusive {
  let last: Promise<unknown> = Promise.resolve()
  return (task) => {
    const run = last.then(() => (locks === undefined ? task() : underLock(locks, name, waitMs, task)))
    last = run.catch(() => undefined)
    return run
  }
}

async function underLock<T>(
  locks: LockManager,
  name: string,
  waitMs: number,
  task: () => Promise<T>,
): Promise<T> {
  let granted = false
  try {
    return await locks.request(name, { signal: AbortSignal.timeout(waitMs) }, () => {
      granted = true
      return task()
    })
  } catch (error) {
    if (granted) throw error
    return task()
  }
}
