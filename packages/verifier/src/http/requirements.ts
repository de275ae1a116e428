import type { AccessTokenClaims } from '@latchkey/protocol'
import { forbidden, loginTooOld, type Refusal } from './refusal.ts'

/** What a route asks of a token that holds: a refusal, or `undefined` where it is met. */
export type Requirement = (claims: AccessTokenClaims) => Refusal | undefined

/** One token of `scope`: visible ASCII but for the quote and the backslash. RFC 6749 §3.3 */
const SCOPE_TOKEN = /^[\x21\x23-\x5b\x5d-\x7e]+$/

/**
 * The user must have each of these roles (claim `roles`). Refuses with 403.
 *
 * @throws TypeError when no role is named, or one is not a string that says something
 */
export function requireRoles(...roles: readonly string[]): Requirement {
  if (roles.length === 0 || !roles.every((role) => typeof role === 'string' && role !== '')) {
    throw new TypeError('requireRoles takes one or more roles, each a string that is not empty')
  }
  const wanted = [...roles]
  return ({ roles: owned }) =>
    Array.isArray(owned) && wanted.every((role) => owned.includes(role))
      ? undefined
      : forbidden('a role is missing')
}

/**
 * The token must have been granted each of these scopes (claim `scope`, separated by spaces: RFC 9068 §2.2.3). Refuses with 403
 * and names the scopes that it takes.
 *
 * @throws TypeError when no scope is named, or one is not a scope
 */
export function requireScope(...scopes: readonly string[]): Requirement {
  if (scopes.length === 0 || !scopes.every((scope) => typeof scope === 'string' && SCOPE_TOKEN.test(scope))) {
    throw new TypeError(
      'requireScope takes one or more scopes, each visible ASCII without spaces, quotes and backslashes',
    )
  }
  const wanted = [...scopes]
  return ({ scope }) => {
    const granted = typeof scope === 'string' ? scope.split(' ') : []
    return wanted.every((name) => granted.includes(name))
      ? undefined
      : forbidden('a scope is missing', wanted.join(' '))
  }
}

/** In seconds: what a sign-in may lie ahead by clocks that differ. The most that a verifier forgives, too. */
const CLOCK_LEEWAY = 300

/**
 * The user must have signed in with their credentials (claim `auth_time`) no longer ago than this, in seconds: a whole number from 1 up.
 * Refuses with 401 and `insufficient_user_authentication`, at which an app has its user sign in again. RFC 9470
 *
 * @param options.now the time in epoch milliseconds; `Date.now` without it
 * @throws TypeError when the seconds are not a whole number from 1 up
 */
export function requireRecentLogin(
  seconds: number,
  { now = Date.now }: { now?: () => number } = {},
): Requirement {
  if (!Number.isSafeInteger(seconds) || seconds < 1) {
    throw new TypeError('requireRecentLogin takes a whole number of seconds, 1 or more')
  }
  if (typeof now !== 'function') throw new TypeError('now must be a function')
  return ({ auth_time }) => {
    const age = now() / 1000 - auth_time
    // Asked in this sense, so that a time which is not there, or no number, is not recent. One far ahead, as in milliseconds, would
    // be recent for ever.
    return age <= seconds && age >= -CLOCK_LEEWAY ? undefined : loginTooOld(seconds)
  }
}
