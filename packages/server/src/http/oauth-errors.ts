import type { AuthErrorCode } from '@latchkey/protocol'
import { AuthError } from '../errors.ts'
import { type HeaderRecord, NO_STORE, problem, retryAfter, SECURITY_HEADERS } from './answers.ts'
import { BASIC_CHALLENGE, type ClientCredentials } from './client-credentials.ts'
import { STATUS } from './status.ts'

/**
 * Every `error` that `/oauth/*` answers with. RFC 6749 §5.2 has the first five; the others are the words that its §4.1.2.1
 * has for the same things.
 */
export const OAUTH_ERROR_CODES = [
  'invalid_request',
  'invalid_client',
  'invalid_grant',
  'invalid_scope',
  'unsupported_grant_type',
  'access_denied',
  'temporarily_unavailable',
  'server_error',
] as const

export type OAuthErrorCode = (typeof OAUTH_ERROR_CODES)[number]

/** A refusal that only the standard endpoints know: to everything else it is an INVALID_REQUEST. */
export class OAuthError extends AuthError {
  override readonly name = 'OAuthError'
  readonly error: OAuthErrorCode

  constructor(error: OAuthErrorCode, message: string) {
    super('INVALID_REQUEST', message)
    this.error = error
  }
}

/** Who asks is no client that may, or cannot prove it. */
export class UnknownClientError extends AuthError {
  override readonly name = 'UnknownClientError'
  /** How it said who it is. */
  readonly via: ClientCredentials['via']

  constructor({ via }: Pick<ClientCredentials, 'via'>) {
    super('INVALID_CREDENTIALS', 'this is no client that may ask here')
    this.via = via
  }

  /**
   * Not for credentials in the form: clients take a challenge for the whole answer, and their users would never see
   * the error in the body. RFC 6749 §5.2 asks for one only where the header was used.
   */
  get challenge(): HeaderRecord {
    return this.via === 'form' ? {} : { 'www-authenticate': BASIC_CHALLENGE }
  }
}

/** What each of our codes is called there. */
export const OAUTH_ERROR: Record<AuthErrorCode, OAuthErrorCode> = {
  TOKEN_MISSING: 'invalid_request',
  TOKEN_INVALID: 'invalid_grant',
  TOKEN_EXPIRED: 'invalid_grant',
  TOKEN_REVOKED: 'invalid_grant',
  REFRESH_MISSING: 'invalid_request',
  REFRESH_INVALID: 'invalid_grant',
  REFRESH_EXPIRED: 'invalid_grant',
  REFRESH_REUSED: 'invalid_grant',
  REFRESH_SUPERSEDED: 'invalid_grant',
  SESSION_REVOKED: 'invalid_grant',
  INVALID_CREDENTIALS: 'invalid_client',
  EMAIL_TAKEN: 'invalid_request',
  WEAK_PASSWORD: 'invalid_request',
  EMAIL_NOT_VERIFIED: 'invalid_grant',
  ACCOUNT_DISABLED: 'invalid_grant',
  ORIGIN_FORBIDDEN: 'access_denied',
  FORBIDDEN: 'access_denied',
  INVALID_REQUEST: 'invalid_request',
  NOT_FOUND: 'invalid_request',
  METHOD_NOT_ALLOWED: 'invalid_request',
  PAYLOAD_TOO_LARGE: 'invalid_request',
  UNSUPPORTED_MEDIA_TYPE: 'invalid_request',
  RATE_LIMITED: 'temporarily_unavailable',
  STORE_UNAVAILABLE: 'temporarily_unavailable',
  OVERLOADED: 'temporarily_unavailable',
  INTERNAL: 'server_error',
}

/** The answer to what was refused: everything under `/oauth` speaks as RFC 6749 does, also where there is nothing. */
export function refusal(path: string, error: AuthError, headers: HeaderRecord): Response {
  return path.startsWith('/oauth/') ? oauthProblem(error, headers) : problem(error, headers)
}

/** RFC 6749 §5.2: 400 for whatever is wrong with the request, 401 for the client alone. */
export function oauthStatus(code: AuthErrorCode): number {
  const error = OAUTH_ERROR[code]
  return error === 'invalid_grant' || code === 'REFRESH_MISSING' || code === 'TOKEN_MISSING'
    ? 400
    : STATUS[code]
}

function oauthProblem(error: AuthError, headers: HeaderRecord): Response {
  return new Response(JSON.stringify(toOAuthProblem(error)), {
    status: oauthStatus(error.code),
    headers: {
      ...SECURITY_HEADERS,
      ...NO_STORE,
      'content-type': 'application/json',
      ...(error instanceof UnknownClientError ? error.challenge : {}),
      ...retryAfter(error),
      ...headers,
    },
  })
}

export function toOAuthProblem(error: AuthError): { error: OAuthErrorCode; error_description: string } {
  const reason = error.reason === undefined ? '' : ` (${error.reason})`
  const description = error instanceof OAuthError ? error.message : `${error.code}: ${error.message}${reason}`
  return {
    error: error instanceof OAuthError ? error.error : OAUTH_ERROR[error.code],
    // The characters that RFC 6749 §5.2 leaves to it.
    error_description: description.replaceAll(/[^\x20\x21\x23-\x5b\x5d-\x7e]/g, ' '),
  }
}
