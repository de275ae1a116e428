import { StoreUnavailableError } from '../../errors.ts'

/** SQLSTATE. PostgreSQL manual, appendix A */
const BROKEN_CONSTRAINT = '23'
const SERIALIZATION_FAILURE = '40001'
const DEADLOCK = '40P01'
const LOCK_NOT_AVAILABLE = '55P03'
const QUERY_CANCELED = '57014'
const READ_ONLY = '25006'
const NO_SUCH_STATEMENT = '26000'
const STATEMENT_EXISTS = '42P05'
/** Connection exceptions, shutdowns, and a transaction that was left idle. */
const END_OF_CONNECTION = /^(?:08|57P|25P03)/

/** No connection was to be had: nothing was sent. */
export class NoConnectionError extends Error {
  override readonly name = 'NoConnectionError'

  constructor(cause: unknown) {
    super(`no connection to PostgreSQL: ${cause instanceof Error ? cause.message : String(cause)}`, { cause })
  }
}

/** What the driver threw, as a store's error: a broken constraint stays what it is. */
export function toStoreError(error: unknown): unknown {
  if (error instanceof StoreUnavailableError || sqlStateOf(error)?.startsWith(BROKEN_CONSTRAINT)) return error
  return new StoreUnavailableError(error)
}

/** The server's word for what went wrong; undefined where it was not the server that said so. */
export function sqlStateOf(error: unknown): string | undefined {
  const { code, severity } = (causeOf(error) ?? {}) as { code?: unknown; severity?: unknown }
  return typeof severity === 'string' && typeof code === 'string' ? code : undefined
}

/** Whether the server undid everything because others were in the way. */
export function wasInTheWay(error: unknown): boolean {
  const state = sqlStateOf(error)
  return state === SERIALIZATION_FAILURE || state === DEADLOCK
}

/** Whether a pooler gave us a server connection on which nobody has prepared the statement, or somebody else has. */
export function isOfPreparedStatement(error: unknown): boolean {
  const state = sqlStateOf(error)
  return state === NO_SUCH_STATEMENT || state === STATEMENT_EXISTS
}

/** Whether nothing can have happened: the server said so, on a connection that lives on. */
function wasRefused(error: unknown): boolean {
  const state = sqlStateOf(error)
  return (
    state !== undefined &&
    (wasInTheWay(error) ||
      isOfPreparedStatement(error) ||
      state.startsWith(BROKEN_CONSTRAINT) ||
      [LOCK_NOT_AVAILABLE, QUERY_CANCELED, READ_ONLY].includes(state))
  )
}

/** Whether a connection broke while it was used: what was sent last may or may not have happened. */
export function wasLost(error: unknown): boolean {
  return error instanceof StoreUnavailableError && !wasRefused(error) && !neverSent(error)
}

/** Whether there was no connection to send anything on. */
function neverSent(error: unknown): boolean {
  return causeOf(error) instanceof NoConnectionError
}

/** Whether nothing more can be said on the connection. */
export function endsConnection(error: unknown): boolean {
  const state = sqlStateOf(error)
  return state === undefined || END_OF_CONNECTION.test(state)
}

/** Whether the driver gave up waiting for the answer: the connection is open, and hangs. */
export function isReadTimeout(error: unknown): boolean {
  const cause = causeOf(error)
  return cause instanceof Error && cause.message === 'Query read timeout'
}

function causeOf(error: unknown): unknown {
  return error instanceof StoreUnavailableError ? error.cause : error
}
