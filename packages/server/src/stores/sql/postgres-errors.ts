import { StoreUnavailableError } from '../../errors.ts'

/** SQLSTATE classes and codes. PostgreSQL manual, appendix A */
const BROKEN_CONSTRAINT = '23'
const SERIALIZATION_FAILURE = '40001'
const DEADLOCK = '40P01'
const NO_SUCH_STATEMENT = '26000'
const STATEMENT_EXISTS = '42P05'

/** What the driver threw, as a store's error: a broken constraint stays what it is. */
export function toStoreError(error: unknown): unknown {
  if (error instanceof StoreUnavailableError || sqlStateOf(error)?.startsWith(BROKEN_CONSTRAINT)) return error
  return new StoreUnavailableError(error)
}

/** The server's own word for what went wrong; undefined where it was not the server that said so. */
export function sqlStateOf(error: unknown): string | undefined {
  const cause = error instanceof StoreUnavailableError ? error.cause : error
  const { code, severity } = (cause ?? {}) as { code?: unknown; severity?: unknown }
  return typeof severity === 'string' && typeof code === 'string' ? code : undefined
}

/** Whether the server undid everything because others were in the way. */
export function wasInTheWay(error: unknown): boolean {
  const state = sqlStateOf(error)
  return state === SERIALIZATION_FAILURE || state === DEADLOCK
}

/** Whether a pooler gave us a server connection on which somebody else has prepared statements, or nobody has. */
export function isOfPreparedStatement(error: unknown): boolean {
  const state = sqlStateOf(error)
  return state === NO_SUCH_STATEMENT || state === STATEMENT_EXISTS
}

/**
 * Whether nothing can have happened: the server refused the statement, and said so on a connection that lives on. Where the
 * connection broke, or the server ended it, the answer may have been lost on its way.
 */
export function wasRefused(error: unknown): boolean {
  const cause = error instanceof StoreUnavailableError ? error.cause : error
  return sqlStateOf(error) !== undefined && (cause as { severity: string }).severity === 'ERROR'
}
