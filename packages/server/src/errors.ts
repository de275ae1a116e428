import type { AuthErrorCode, SessionEndReason } from '@latchkey/protocol'

interface AuthErrorOptions extends ErrorOptions {
  retryAfterSeconds?: number
  reason?: SessionEndReason
}

/**
 * What every use case rejects with. The message names the rule that failed and may be shown to the caller:
 * it never holds a token, a password, a hash or an e-mail address.
 */
export class AuthError extends Error {
  override readonly name: string = 'AuthError'
  readonly code: AuthErrorCode
  /** When trying again may help, in seconds. */
  readonly retryAfterSeconds: number | undefined
  /** Why the session ended; only with `SESSION_REVOKED`. */
  readonly reason: SessionEndReason | undefined

  constructor(code: AuthErrorCode, message: string, options: AuthErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.retryAfterSeconds = options.retryAfterSeconds
    this.reason = options.reason
  }
}

/** The store did not answer, or not in time: nothing is known to have changed, and trying again is safe. */
export class StoreUnavailableError extends AuthError {
  override readonly name = 'StoreUnavailableError'

  constructor(cause: unknown) {
    super('STORE_UNAVAILABLE', 'the session store does not answer right now', { cause, retryAfterSeconds: 1 })
  }
}

/** What was limited: so many in so long. Its name is part of the answer. */
export interface Limit {
  name: 'sign-in' | 'sign-in-address' | 'sign-up' | 'refresh' | 'service'
  quota: number
  seconds: number
}

/** Too often. Nothing was looked at: it says nothing of whether a password was right, or a user is known. */
export class RateLimitedError extends AuthError {
  override readonly name = 'RateLimitedError'
  readonly limit: Limit

  constructor(limit: Limit, retryAfterMs: number) {
    super('RATE_LIMITED', 'too many tries: wait, and try again', {
      retryAfterSeconds: Math.max(1, Math.ceil(retryAfterMs / 1000)),
    })
    this.limit = limit
  }
}

/** One wrong setting: where it was given, what is wrong with it and what to do. */
export interface SettingProblem {
  setting: string
  problem: string
}

/** Every wrong setting at once, so that nobody fixes them one start at a time. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
  readonly problems: readonly SettingProblem[]

  constructor(problems: readonly SettingProblem[]) {
    super(
      `${problems.length === 1 ? 'A setting is' : `${problems.length} settings are`} wrong:\n` +
        problems.map(({ setting, problem }) => `  ${setting}: ${problem}`).join('\n'),
    )
    this.problems = problems
  }
}
