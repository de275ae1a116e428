import type { AccessTokenClaims } from '@latchkey/protocol'
import { VerifyError } from '@latchkey/verifier'
import type { Account } from '../accounts/account.ts'
import { AuthError } from '../errors.ts'
import type { Session } from '../sessions/session.ts'
import type { Services } from './context.ts'

/** Who sent a request, proven by an access token whose session has not ended. */
export interface Caller {
  account: Account
  session: Session
  claims: AccessTokenClaims
}

const BEARER = /^bearer(?: +(.*))?$/i

/** The credentials of an `Authorization: Bearer` header; null where there is none. RFC 6750 §2.1 */
export function bearerToken(headers: Headers): string | null {
  const match = BEARER.exec(headers.get('authorization') ?? '')
  return match === null ? null : (match[1] ?? '')
}

/** Rejects with TOKEN_MISSING, TOKEN_INVALID, TOKEN_EXPIRED, TOKEN_REVOKED or STORE_UNAVAILABLE. */
export async function authenticate(headers: Headers, services: Services): Promise<Caller> {
  const token = bearerToken(headers)
  if (token === null) throw new AuthError('TOKEN_MISSING', 'an access token is needed')
  return await callerOf(token, services)
}

/** Rejects with TOKEN_INVALID, TOKEN_EXPIRED, TOKEN_REVOKED or STORE_UNAVAILABLE. */
export async function callerOf(token: string, services: Services): Promise<Caller> {
  const claims = await verify(token, services)
  if (services.revocations.isRevoked(claims)) {
    throw new AuthError('TOKEN_REVOKED', 'the access token was revoked')
  }
  const owned = await services.sessions.find(claims.sid)
  if (owned === undefined || owned.session.ended !== null || owned.session.userId !== claims.sub) {
    throw new AuthError('TOKEN_REVOKED', 'the session of the access token has ended')
  }
  return { ...owned, claims }
}

async function verify(token: string, { accessTokens }: Services): Promise<AccessTokenClaims> {
  try {
    return await accessTokens.verify(token)
  } catch (error) {
    if (!(error instanceof VerifyError)) throw error
    if (error.code === 'TOKEN_EXPIRED') throw new AuthError('TOKEN_EXPIRED', 'the access token has expired')
    throw new AuthError('TOKEN_INVALID', 'the access token is not valid here', { cause: error })
  }
}

/**
 * The session of an access token that came along with a refresh or a sign-out, expired or not; null where none came.
 * Rejects with a `VerifyError` when its signature does not hold.
 */
export async function recognisedSession(headers: Headers, services: Services): Promise<string | null> {
  const token = bearerToken(headers)
  if (token === null) return null
  return (await services.pastAccessTokens.recognize(token)).sid
}
