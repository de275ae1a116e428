import { StoreUnavailableError } from '../../errors.ts'

const SQLITE_BUSY = 5
const SQLITE_LOCKED = 6
const SQLITE_CONSTRAINT = 19
/** Only a file whose data was moved elsewhere has triggers. */
const SQLITE_CONSTRAINT_TRIGGER = 1811

/** What it throws is thrown on as a store's error. */
export function mapErrors<Result>(work: () => Result): Result {
  try {
    return work()
  } catch (error) {
    throw toStoreError(error)
  }
}

/** SQLite's own errors become one; a broken constraint and whatever the caller threw stay what they are. */
export function toStoreError(error: unknown): unknown {
  const code = primaryCode(error)
  if (code === SQLITE_CONSTRAINT && extendedCode(error) !== SQLITE_CONSTRAINT_TRIGGER) return error
  return code !== undefined || isSystemError(error) ? new StoreUnavailableError(error) : error
}

export function isBusy(error: unknown): boolean {
  const code = primaryCode(error)
  return code === SQLITE_BUSY || code === SQLITE_LOCKED
}

function primaryCode(error: unknown): number | undefined {
  const code = extendedCode(error)
  return code === undefined ? undefined : code & 0xff
}

function extendedCode(error: unknown): number | undefined {
  const code = (error as { errcode?: unknown }).errcode
  return typeof code === 'number' ? code : undefined
}

function isSystemError(error: unknown): boolean {
  const { code, syscall } = error as { code?: unknown; syscall?: unknown }
  return typeof syscall === 'string' || code === 'ERR_INVALID_STATE'
}
