import type { ClientKind } from '@latchkey/protocol'
import type { Account } from '../accounts/account.ts'
import { AuthError } from '../errors.ts'
import type { Arrival } from './arrivals.ts'
import { batched } from './batch.ts'
import { decideBatch, type RefreshDependencies } from './refresh-batch.ts'
import { digestAttempt, parseRefreshToken } from './refresh-token.ts'
import type { Session } from './session.ts'

export interface RefreshRequest {
  refreshToken: string
  /** How the token travelled; a session is refreshed only the way it was opened. */
  client: ClientKind
  /** The caller's `Idempotency-Key`, or null. */
  idempotencyKey: string | null
  /** The `sid` of the access token that was sent along, or null when none was. */
  accessTokenSessionId: string | null
  ip: string | null
  arrival: Arrival
}

export interface Refreshed {
  session: Session
  account: Account
  refreshToken: string
}

const refused = {
  invalid: () =>
    new AuthError('REFRESH_INVALID', 'the refresh token is not one that this service accepts here'),
  expired: () => new AuthError('REFRESH_EXPIRED', 'the session has run out'),
  reused: () =>
    new AuthError('REFRESH_REUSED', 'the refresh token had been used before, so its session was ended'),
  superseded: () =>
    new AuthError(
      'REFRESH_SUPERSEDED',
      'a late copy of a refresh that was answered before; the session goes on',
    ),
  revoked: (session: Session) =>
    new AuthError('SESSION_REVOKED', 'the session was ended', {
      ...(session.ended === null ? {} : { reason: session.ended.reason }),
    }),
}

/**
 * Makes the refresh use case. It rejects with REFRESH_INVALID, REFRESH_EXPIRED, REFRESH_REUSED, REFRESH_SUPERSEDED or
 * SESSION_REVOKED, and then nothing has moved; or with STORE_UNAVAILABLE, and then nothing has moved or the same
 * `Idempotency-Key` earns the answer later.
 */
export function createRefresh(deps: RefreshDependencies): (request: RefreshRequest) => Promise<Refreshed> {
  const decide = batched(decideBatch(deps))

  return async (request) => {
    const claimed = parseRefreshToken(request.refreshToken)
    if (claimed === null) throw refused.invalid()
    const keyDigest = request.idempotencyKey === null ? null : digestAttempt(request.idempotencyKey)
    const outcome = await decide({ request, claimed, keyDigest })
    switch (outcome.kind) {
      case 'rotate':
      case 'replay': {
        const { session, account } = outcome
        return { session, account, refreshToken: deps.tokens.issue(session, session.generation) }
      }
      case 'revoked':
        throw refused.revoked(outcome.session)
      case 'failed':
        throw outcome.error
      default:
        throw refused[outcome.kind]()
    }
  }
}
