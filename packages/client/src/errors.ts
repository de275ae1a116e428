import type { AuthErrorCode, SessionEndReason } from '@latchkey/protocol'

/** The service's own codes, and three for when it gave none. */
export type AuthClientErrorCode =
  | AuthErrorCode
  /** No answer: offline, refused, cut or too slow. The session is kept. */
  | 'UNREACHABLE'
  /** An answer that is not the service's: a captive portal, a proxy, a wrong `baseUrl`. The session is kept. */
  | 'UNEXPECTED_ANSWER'
  /** The user signed out, or signed in elsewhere, before this sign-in was answered. */
  | 'OVERTAKEN'

interface Details extends ErrorOptions {
  status?: number
  reason?: SessionEndReason
  retryAfterSeconds?: number
}

/** What every method of the client rejects with. Decide on `code`; the message may change and holds no secret. */
export class AuthClientError extends Error {
  override readonly name = 'AuthClientError'
  readonly code: AuthClientErrorCode
  /** The HTTP status, when there was an answer. */
  readonly status?: number
  /** Why the session was ended, with `SESSION_REVOKED`. */
  readonly reason?: SessionEndReason
  /** When the service asked to wait: so many seconds. */
  readonly retryAfterSeconds?: number

  constructor(code: AuthClientErrorCode, message: string, details: Details = {}) {
    super(message, { cause: details.cause })
    this.code = code
    this.status = details.status
    this.reason = details.reason
    this.retryAfterSeconds = details.retryAfterSeconds
  }
}
