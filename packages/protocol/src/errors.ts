/** Every `error` that `/auth/*` can answer with. A code never changes its meaning. */
export const AUTH_ERROR_CODES = [
  'TOKEN_MISSING',
  'TOKEN_INVALID',
  'TOKEN_EXPIRED',
  'TOKEN_REVOKED',
  'REFRESH_MISSING',
  'REFRESH_INVALID',
  'REFRESH_EXPIRED',
  'REFRESH_REUSED',
  'REFRESH_SUPERSEDED',
  'SESSION_REVOKED',
  'INVALID_CREDENTIALS',
  'EMAIL_TAKEN',
  'WEAK_PASSWORD',
  'EMAIL_NOT_VERIFIED',
  'ACCOUNT_DISABLED',
  'ORIGIN_FORBIDDEN',
  'FORBIDDEN',
  'INVALID_REQUEST',
  'NOT_FOUND',
  'METHOD_NOT_ALLOWED',
  'PAYLOAD_TOO_LARGE',
  'UNSUPPORTED_MEDIA_TYPE',
  'RATE_LIMITED',
  'STORE_UNAVAILABLE',
  'OVERLOADED',
  'INTERNAL',
] as const

export type AuthErrorCode = (typeof AUTH_ERROR_CODES)[number]

/** What `createVerifier().verify()` rejects with. */
export type VerifyErrorCode =
  | 'TOKEN_MISSING'
  | 'TOKEN_INVALID'
  | 'TOKEN_EXPIRED'
  | 'TOKEN_REVOKED'
  | 'KEYS_UNAVAILABLE'

/** An error answer of `/auth/*`: `application/problem+json`, RFC 9457. */
export interface Problem {
  type: string
  title: string
  status: number
  detail: string
  error: AuthErrorCode
  /** Why the session ended; only with `SESSION_REVOKED`. */
  reason?: SessionEndReason
}

/** Why a session is over. */
export const SESSION_END_REASONS = [
  'logout',
  'revoked_by_user',
  'revoked_by_operator',
  'password_changed',
  'reuse_detected',
  'expired',
  'session_limit',
  'account_disabled',
] as const

export type SessionEndReason = (typeof SESSION_END_REASONS)[number]
