// What the pages say in plain words. It owns the sentences; what they are about is decided elsewhere.

import { AuthClientError, type AuthClientErrorCode, type SessionEnd } from '@latchkey/client'
import type { SessionEndReason } from '@latchkey/protocol'
import { duration } from './times.ts'

const SENTENCES: Partial<Record<AuthClientErrorCode, string>> = {
  INVALID_CREDENTIALS: 'This e-mail address and password do not belong together.',
  EMAIL_TAKEN: 'There is an account with this e-mail address already. Sign in instead?',
  WEAK_PASSWORD:
    'This password is too short or too easy to guess. Eight characters or more, and none of the usual ones.',
  INVALID_REQUEST: 'The service did not understand what was sent. Is the e-mail address complete?',
  EMAIL_NOT_VERIFIED: 'Please confirm your e-mail address first.',
  ACCOUNT_DISABLED: 'This account is closed.',
  ORIGIN_FORBIDDEN:
    'The service does not accept requests from this address. Open it by the one it prints at start.',
  RATE_LIMITED: 'That was too often. Please wait a little.',
  STORE_UNAVAILABLE: 'The service cannot reach its database just now. Nothing is lost; please try again.',
  OVERLOADED: 'The service is busy just now. Please try again in a moment.',
  TOKEN_EXPIRED: 'The access token has run out.',
  TOKEN_INVALID: 'The access token was not accepted.',
  TOKEN_MISSING: 'An access token is needed: please sign in.',
  TOKEN_REVOKED: 'The session of this access token was ended.',
  NOT_FOUND: 'It is not there any more.',
  UNREACHABLE: 'The service does not answer. Your session is kept; please try again.',
  UNEXPECTED_ANSWER: 'Something answered that is not the service. Your session is kept; please try again.',
  OVERTAKEN: 'You signed out, or signed in elsewhere, before this was answered.',
}

/** What went wrong, for the person in front of the page. */
export function errorInWords(error: unknown): string {
  if (!(error instanceof AuthClientError)) return codeInWords(undefined)
  const wait = error.retryAfterSeconds
  return codeInWords(error.code) + (wait === undefined ? '' : ` It asks for ${duration(Math.max(1, wait))}.`)
}

export function codeInWords(code: string | undefined): string {
  const sentence = Object.entries(SENTENCES).find(([known]) => known === code)?.[1]
  return sentence ?? 'Something went wrong in the service. Please try again.'
}

const REASONS: Record<SessionEndReason, string> = {
  logout: 'You signed out.',
  revoked_by_user: 'This session was ended from your list of sessions.',
  revoked_by_operator: 'This session was ended by the people who run the service.',
  password_changed: 'The password was changed, which ends every other session.',
  reuse_detected:
    'A refresh token was used a second time, as a thief would do. The service ended the whole session at once.',
  expired: 'This session had lasted its time.',
  session_limit: 'Too many newer sessions were opened.',
  account_disabled: 'This account was closed.',
}

/** Why a session is over. */
export function endInWords({ code, reason }: SessionEnd): string {
  if (code === 'LOGOUT') return REASONS.logout
  if (code === 'REFRESH_REUSED') return REASONS.reuse_detected
  if (code === 'REFRESH_EXPIRED') return REASONS.expired
  return (reason !== undefined && REASONS[reason]) || 'The session is over.'
}
