import type { AuthErrorCode, SessionEndReason } from '@latchkey/protocol'

/** The service's own codes, and four for when it gave none. */
export type AuthClientErrorCode =
  | AuthErrorCode
  /** No answer: offline, refused, cut or too slow. The session is kept. */
  | 'UNREACHABLE'
  /** An answer that is not the service's: a captive portal, a proxy, a wrong `baseUrl`. The session is kept. */
  | 'UNEXPECTED_ANSWER'
  /** The user signed out, or signed in elsewhere, before this was answered. */
  | 'OVERTAKEN'
  /** The storage failed, with `cause`. The session is kept. */
  | 'STORAGE_FAILED'

interface Details extends ErrorOptions {
  status?: number
  reason?: SessionEndReason
  retryAfterSeconds?: number
  detail?: string
}

/** What every method of the client rejects with. Decide on `code`; the message may change and holds no secret. */
export class AuthClientError extends Error {
  override readonly name = 'AuthClientError'
  declare readonly code: AuthClientErrorCode
  /** The HTTP status, when there was an answer. */
  declare readonly status?: number
  /** Why the session was ended, with `SESSION_REVOKED`. */
  declare readonly reason?: SessionEndReason
  /** When the service asked to wait: so many seconds. */
  declare readonly retryAfterSeconds?: number

  constructor(code: AuthClientErrorCode, details: Details = {}) {
    super(details.detail ?? code, details)
    this.code = code
    this.status = details.status
    this.reason = details.reason
    this.retryAfterSeconds = details.retryAfterSeconds
  }
}
