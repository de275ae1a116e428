import type { VerifyErrorCode } from '@latchkey/protocol'

/**
 * Why a token was not accepted. Decide by `code`, which never changes its meaning:
 *
 * - `TOKEN_MISSING`: there was no token. Answer 401.
 * - `TOKEN_INVALID`: it breaks a rule, and always will. Answer 401.
 * - `TOKEN_EXPIRED`: it kept every rule but its time is over. Answer 401; the client should refresh.
 * - `TOKEN_REVOKED`: its session has ended. Answer 401; the user has to sign in.
 * - `KEYS_UNAVAILABLE`: nothing is known about the token, because its issuer's keys, or what was revoked, could not be had. Answer 503,
 *   so that no client throws a good token away.
 *
 * The message names the rule that failed and never holds any part of the token. What lies underneath, such as a failed
 * fetch, is the `cause`.
 */
export class VerifyError extends Error {
  override readonly name = 'VerifyError'
  readonly code: VerifyErrorCode

  constructor(code: VerifyErrorCode, rule: string, options?: ErrorOptions) {
    super(rule, options)
    this.code = code
  }
}

export function invalid(rule: string, options?: ErrorOptions): VerifyError {
  return new VerifyError('TOKEN_INVALID', rule, options)
}

export function keysUnavailable(reason: string, options?: ErrorOptions): VerifyError {
  return new VerifyError('KEYS_UNAVAILABLE', reason, options)
}
