import type { AuthErrorCode, VerifyErrorCode } from '@latchkey/protocol'
import type { VerifyError } from '../errors.ts'

/** An answer that refuses a request: a problem (RFC 9457) with the challenge of RFC 6750 §3. It holds no part of any token. */
export interface Refusal {
  status: 400 | 401 | 403 | 503
  /** Names in lower case. */
  headers: Record<string, string>
  /** JSON. */
  body: string
}

type Code = VerifyErrorCode | Extract<AuthErrorCode, 'INVALID_REQUEST' | 'FORBIDDEN'>

/** The same words as in the auth service's own answers. RFC 9457 §3.1.3 */
const TITLE: Record<Code, string> = {
  TOKEN_MISSING: 'Access token missing',
  TOKEN_INVALID: 'Access token invalid',
  TOKEN_EXPIRED: 'Access token expired',
  TOKEN_REVOKED: 'Access token revoked',
  KEYS_UNAVAILABLE: 'Keys unavailable',
  INVALID_REQUEST: 'Invalid request',
  FORBIDDEN: 'Forbidden',
}

/** The verifier asks for the keys again 1, 2, 4 … seconds after a failure. */
const RETRY_AFTER_SECONDS = 2

/** No error is named to who brought no credentials. RFC 6750 §3.1 */
export function missing(): Refusal {
  return refusal(401, 'TOKEN_MISSING', 'an access token is needed', { 'www-authenticate': challenge({}) })
}

export function malformed(rule: string): Refusal {
  return refusal(400, 'INVALID_REQUEST', rule, challengeOf('invalid_request', rule))
}

export function unverified({ code, message }: VerifyError): Refusal {
  if (code === 'KEYS_UNAVAILABLE') {
    // Nothing is known about the token, so nobody may take it for a bad one.
    const headers = { 'retry-after': String(RETRY_AFTER_SECONDS) }
    return refusal(503, code, 'the token cannot be checked just now', headers)
  }
  return refusal(401, code, message, challengeOf('invalid_token', TITLE[code]))
}

/** @param scope the scopes that it takes, where it is they that are missing. RFC 6750 §3.1 */
export function forbidden(rule: string, scope?: string): Refusal {
  const parameters: Record<string, string> = scope === undefined ? {} : { scope }
  return refusal(403, 'FORBIDDEN', rule, challengeOf('insufficient_scope', rule, parameters))
}

/** RFC 9470 §3. With 401: to sign in again helps. */
export function loginTooOld(maxAgeSeconds: number): Refusal {
  const rule = 'a more recent sign-in is needed'
  const parameters = { max_age: String(maxAgeSeconds) }
  return refusal(401, 'FORBIDDEN', rule, challengeOf('insufficient_user_authentication', rule, parameters))
}

function refusal(
  status: Refusal['status'],
  code: Code,
  detail: string,
  headers: Refusal['headers'],
): Refusal {
  const type = `urn:latchkey:error:${code}`
  return {
    status,
    headers: { 'content-type': 'application/problem+json', 'cache-control': 'no-store', ...headers },
    body: JSON.stringify({ type, title: TITLE[code], status, detail, error: code }),
  }
}

function challengeOf(error: string, description: string, parameters: Record<string, string> = {}) {
  return { 'www-authenticate': challenge({ error, error_description: description, ...parameters }) }
}

/** The values are ours or checked when a requirement is made: none holds a quote or a line break. */
function challenge(parameters: Record<string, string>): string {
  const all = Object.entries({ realm: 'latchkey', ...parameters })
  return `Bearer ${all.map(([name, value]) => `${name}="${value}"`).join(', ')}`
}
