import { availableParallelism } from 'node:os'
import { DEFAULT_HASHING, type PasswordHasherOptions } from '../accounts/password-hasher.ts'

export const MAX_WORKERS = 256

export function isWorkerCount(value: unknown): value is number | 'auto' {
  return (
    value === 'auto' ||
    (typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= MAX_WORKERS)
  )
}

/** How many processes serve: a number, or one for each core. */
export function workerCount(workers: number | 'auto' = 1): number {
  return workers === 'auto' ? Math.min(MAX_WORKERS, availableParallelism()) : workers
}

/**
 * The part of the hashing that each of so many workers does. The settings speak of the whole: two workers that each
 * took all of the threads would hash on every core, and leave the refreshes none.
 */
export function hashingShare(
  { workers = DEFAULT_HASHING.workers, maxQueue = DEFAULT_HASHING.maxQueue }: Partial<PasswordHasherOptions>,
  count: number,
): Pick<PasswordHasherOptions, 'workers' | 'maxQueue'> {
  const share = (whole: number) => Math.max(1, Math.floor(whole / count))
  return { workers: share(workers), maxQueue: share(maxQueue) }
}
