import type { AccessTokenClaims } from '@latchkey/protocol'
import { invalid, VerifyError } from '../errors.ts'
import { deepFreeze } from './freeze.ts'
import { type JsonObject, parseJsonObject } from './json.ts'

export interface ClaimRules {
  issuer: string
  audiences: ReadonlySet<string>
  clockLeewaySeconds: number
  maxLifetimeSeconds: number
}

/** What must be in every access token, and who it is about. RFC 9068 §2.2; `sid` ties it to a session that can be revoked. */
const COMPULSORY_NAMES = ['sub', 'jti', 'sid', 'client_id'] as const

/**
 * The claims of a payload whose signature held, at `now` in seconds. Throws TOKEN_EXPIRED only when nothing else is wrong, so
 * that a client which then refreshes does so for good reason. The claims are frozen: several requests may be given the same ones.
 * RFC 9068 §4, RFC 7519 §4.1
 */
export function readClaims(payload: Uint8Array, rules: ClaimRules, now: number): AccessTokenClaims {
  const claims = readPayload(payload)
  checkParties(claims, rules)
  const exp = checkTimes(claims, rules, now)
  checkSubject(claims)
  checkExpiry({ exp }, rules, now)
  return deepFreeze(claims) as AccessTokenClaims
}

/** Throws TOKEN_EXPIRED when a token's time is over at `now`, in seconds. */
export function checkExpiry(
  { exp }: Pick<AccessTokenClaims, 'exp'>,
  { clockLeewaySeconds }: Pick<ClaimRules, 'clockLeewaySeconds'>,
  now: number,
): void {
  // Asked in this sense, so that a clock which is not a number refuses everything.
  if (!(exp > now - clockLeewaySeconds)) throw new VerifyError('TOKEN_EXPIRED', 'exp must not have passed')
}

/** The session that a token of any age names. */
export function readSession(payload: Uint8Array): { sid: string } {
  const { sid } = readPayload(payload)
  if (typeof sid !== 'string' || sid === '') throw invalid('sid must be a string that is not empty')
  return { sid }
}

function readPayload(payload: Uint8Array): JsonObject {
  const claims = parseJsonObject(payload)
  if (!claims) throw invalid('the payload must be a JSON object in UTF-8 that names no member twice')
  return claims
}

/** Compared character by character: a prefix, another case or one more slash is somebody else. */
function checkParties({ iss, aud }: JsonObject, { issuer, audiences }: ClaimRules): void {
  if (iss !== issuer) throw invalid('iss must be the expected issuer')

  const named = typeof aud === 'string' ? [aud] : aud
  if (!isStrings(named) || !named.some((audience) => audiences.has(audience))) {
    throw invalid('aud must name an accepted audience')
  }
}

function checkTimes(claims: JsonObject, rules: ClaimRules, now: number): number {
  const { exp, iat, nbf } = claims
  if (!isNumericDate(exp)) throw invalid('exp must be a finite number')
  if (!isNumericDate(iat)) throw invalid('iat must be a finite number')

  const latest = now + rules.clockLeewaySeconds
  if (!(iat <= latest)) throw invalid('iat must not be in the future')
  if (Object.hasOwn(claims, 'nbf')) {
    if (!isNumericDate(nbf)) throw invalid('nbf must be a finite number')
    if (!(nbf <= latest)) throw invalid('nbf must not be in the future')
  }
  if (!(exp - iat <= rules.maxLifetimeSeconds))
    throw invalid('exp must be within the longest lifetime after iat')
  return exp
}

function checkSubject(claims: JsonObject): void {
  for (const name of COMPULSORY_NAMES) {
    const value = claims[name]
    if (typeof value !== 'string' || value === '') throw invalid(`${name} must be a string that is not empty`)
  }
  for (const name of ['roles', 'amr'] as const) {
    if (Object.hasOwn(claims, name) && !isStrings(claims[name]))
      throw invalid(`${name} must be an array of strings`)
  }
  if (Object.hasOwn(claims, 'auth_time') && !isNumericDate(claims.auth_time))
    throw invalid('auth_time must be a finite number')
}

/** `1e400` is well-formed JSON and parses to infinity. */
function isNumericDate(value: unknown): value is number {
  return Number.isFinite(value)
}

function isStrings(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string')
}
