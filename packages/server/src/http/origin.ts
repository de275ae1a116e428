import type { AuthSettings } from '../config.ts'
import { AuthError } from '../errors.ts'
import type { HeaderRecord } from './answers.ts'

type OriginSettings = Pick<AuthSettings, 'url' | 'trustedOrigins' | 'nativeOrigins'>

const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS'])
const PREFLIGHT_SECONDS = 600

/**
 * Refuses a state-changing request that another site's page sent with the user's cookie: ORIGIN_FORBIDDEN. A request
 * with neither header is no browser's. Fetch Standard §3.2, RFC 10017 §6.1.3.3
 */
export function checkOrigin(method: string, headers: Headers, settings: OriginSettings): void {
  if (SAFE_METHODS.has(method)) return
  const origin = headers.get('origin')
  if (origin !== null) {
    if (isTrustedOrigin(origin, settings)) return
    throw new AuthError('ORIGIN_FORBIDDEN', 'requests from this origin are not accepted')
  }
  const site = headers.get('sec-fetch-site')
  if (site !== null && site !== 'same-origin' && site !== 'none') {
    throw new AuthError('ORIGIN_FORBIDDEN', 'requests from another site are not accepted')
  }
}

/** A page may hold a refresh token itself only where it is the shell of a native app. */
export function checkNativeOrigin(headers: Headers, { nativeOrigins }: OriginSettings): void {
  const origin = headers.get('origin')
  if (origin !== null && !nativeOrigins.includes(origin)) {
    throw new AuthError('ORIGIN_FORBIDDEN', 'a web page cannot open a native session')
  }
}

/** What a listed page on another origin needs to read the answer; nothing for everybody else. Fetch Standard §3.3 */
export function corsHeaders(headers: Headers, settings: OriginSettings): HeaderRecord {
  const origin = headers.get('origin')
  if (origin === null || origin === settings.url || !isTrustedOrigin(origin, settings)) {
    return { vary: 'Origin' }
  }
  return {
    'access-control-allow-origin': origin,
    'access-control-allow-credentials': 'true',
    'access-control-expose-headers':
      'RateLimit, RateLimit-Policy, Retry-After, WWW-Authenticate, X-Request-Id',
    'cross-origin-resource-policy': 'cross-origin',
    vary: 'Origin',
  }
}

export function preflightHeaders(headers: Headers, allowed: string, settings: OriginSettings): HeaderRecord {
  const cors = corsHeaders(headers, settings)
  if (cors['access-control-allow-origin'] === undefined) return cors
  return {
    ...cors,
    'access-control-allow-methods': allowed,
    'access-control-allow-headers': 'Authorization, Content-Type, Idempotency-Key',
    'access-control-max-age': String(PREFLIGHT_SECONDS),
  }
}

function isTrustedOrigin(origin: string, { url, trustedOrigins, nativeOrigins }: OriginSettings): boolean {
  return origin === url || trustedOrigins.includes(origin) || nativeOrigins.includes(origin)
}
