import type { JsonObject } from '../token/json.ts'
import { type FindingCode, when } from './findings.ts'

const TIMES = ['iat', 'nbf', 'exp', 'auth_time']
const DAY = 86_400

/** In seconds that is the year 5138; in milliseconds it was 1973. */
const SURELY_MILLISECONDS = 100_000_000_000

/** What is to be said about a token's times, whatever time it is now. RFC 7519 §4.1 */
export function claimFindings(claims: JsonObject): FindingCode[] {
  const times = TIMES.filter((name) => Object.hasOwn(claims, name)).map((name) => claims[name])
  const { iat, nbf, exp } = claims
  return [
    ...when(exp === undefined, 'EXP_MISSING'),
    ...when(!times.every(Number.isFinite), 'TIME_NOT_A_NUMBER'),
    ...when(
      times.some((time) => isNumber(time) && Math.abs(time) > SURELY_MILLISECONDS),
      'TIME_IN_MILLISECONDS',
    ),
    ...when(isNumber(iat) && isNumber(exp) && exp - iat > DAY, 'LIFETIME_OVER_A_DAY'),
    ...when(isNumber(iat) && isNumber(exp) && exp <= iat, 'EXP_BEFORE_IAT'),
    ...when(isNumber(nbf) && isNumber(exp) && exp <= nbf, 'NBF_AFTER_EXP'),
  ]
}

function isNumber(value: unknown): value is number {
  return Number.isFinite(value)
}
