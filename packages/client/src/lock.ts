/** Runs a task while none of the others who share the session runs one. */
export type Exclusive = <T>(task: () => Promise<T>) => Promise<T>

/** One at a time in this client, in the order of the calls, each under the lock that is shared with the others. */
export function inOrder(shared: Promise<{ lock: Exclusive }>): Exclusive {
  let last: Promise<unknown> = shared
  return (task) => {
    const run = last.then(() => shared).then(({ lock }) => lock(task))
    last = run.catch(() => undefined)
    return run
  }
}

/**
 * Web Locks: one tab of an origin at a time. A tab that was closed gives its lock back by that; from one that is frozen
 * it is taken after `waitMs`, which is longer than any request takes. That is safe because the tabs share one stored
 * `Idempotency-Key`, for which the service answers with the same successor.
 */
export function underWebLock(locks: LockManager, name: string, waitMs = 10_000): Exclusive {
  return async (task) => {
    let result: ReturnType<typeof task> | undefined
    const run = () => {
      result ??= task()
      return result
    }
    // A few browsers have Web Locks and no such signal: they wait for as long as it takes.
    await locks
      .request(name, { signal: AbortSignal.timeout?.(waitMs) }, run)
      // Not granted in time. Once granted, the task's own outcome counts, also if the lock was taken away meanwhile.
      .catch(() => result ?? locks.request(name, { steal: true }, run))
      .catch(() => undefined)
    return run()
  }
}
