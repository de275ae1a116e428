import type { AuthErrorCode, Problem } from '@latchkey/protocol'
import { type AuthError, RateLimitedError } from '../errors.ts'
import { STATUS, TITLE } from './status.ts'

export type HeaderRecord = Record<string, string>

/** On every answer, whatever it is. */
export const SECURITY_HEADERS: HeaderRecord = {
  'strict-transport-security': 'max-age=63072000; includeSubDomains',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
}

/** RFC 6749 §5.1, RFC 9111 §5.2.2.5 */
export const NO_STORE: HeaderRecord = { 'cache-control': 'no-store' }

const JSON_HEADERS = { ...SECURITY_HEADERS, ...NO_STORE, 'content-type': 'application/json' }
const PROBLEM_HEADERS = { ...SECURITY_HEADERS, ...NO_STORE, 'content-type': 'application/problem+json' }
const EMPTY_HEADERS = { ...SECURITY_HEADERS, ...NO_STORE }

export function json(status: number, body: unknown, headers: HeaderRecord): Response {
  return new Response(JSON.stringify(body), { status, headers: { ...JSON_HEADERS, ...headers } })
}

export function noContent(headers: HeaderRecord): Response {
  return new Response(null, { status: 204, headers: { ...EMPTY_HEADERS, ...headers } })
}

/** RFC 9457 */
export function problem(error: AuthError, headers: HeaderRecord): Response {
  return new Response(JSON.stringify(toProblem(error)), {
    status: STATUS[error.code],
    headers: { ...PROBLEM_HEADERS, ...challenge(error.code), ...retryAfter(error), ...headers },
  })
}

/**
 * When to come back, and which limit was met. Only where it was: what is left of a limit would tell strangers that others
 * have tried. draft-ietf-httpapi-ratelimit-headers §3, §4
 */
export function retryAfter(error: AuthError): HeaderRecord {
  const { retryAfterSeconds } = error
  if (retryAfterSeconds === undefined) return {}
  const headers = { 'retry-after': String(retryAfterSeconds) }
  if (!(error instanceof RateLimitedError)) return headers
  const { name, quota, seconds } = error.limit
  return {
    ...headers,
    ratelimit: `"${name}";r=0;t=${retryAfterSeconds}`,
    'ratelimit-policy': `"${name}";q=${quota};w=${seconds}`,
  }
}

export function toProblem(error: AuthError): Problem {
  return {
    type: `urn:latchkey:error:${error.code}`,
    title: TITLE[error.code],
    status: STATUS[error.code],
    detail: error.message,
    error: error.code,
    ...(error.reason === undefined ? {} : { reason: error.reason }),
  }
}

/** RFC 6750 §3: no `error` where no credentials came at all. */
function challenge(code: AuthErrorCode): HeaderRecord {
  switch (code) {
    case 'TOKEN_MISSING':
      return { 'www-authenticate': 'Bearer realm="latchkey"' }
    case 'TOKEN_INVALID':
    case 'TOKEN_EXPIRED':
    case 'TOKEN_REVOKED':
      return {
        'www-authenticate': `Bearer realm="latchkey", error="invalid_token", error_description="${TITLE[code]}"`,
      }
    default:
      return {}
  }
}
