import { clockTime, roughly } from '../words/times.ts'

/** What each part of an access token is for. RFC 9068 §2 */
const MEANINGS: { [name: string]: string } = {
  alg: 'how it is signed',
  typ: 'what it is: an access token',
  kid: 'the key that signed it',
  iss: 'who made it',
  aud: 'who may accept it',
  sub: 'the user',
  sid: 'the session behind it',
  client_id: 'how the session was opened',
  roles: 'what the user may do',
  jti: 'this token alone',
  iat: 'made',
  exp: 'ends',
  auth_time: 'signed in',
  amr: 'by which means',
}

const TIMES = new Set(['iat', 'exp', 'nbf', 'auth_time'])

export function meaningOf(name: string): string {
  return MEANINGS[name] ?? 'added by the service'
}

/** A claim's value for people; times as a clock shows them, and how far off they are. */
export function valueInWords(name: string, value: unknown, now: Date): string {
  if (TIMES.has(name) && typeof value === 'number') {
    return `${clockTime(new Date(value * 1000))}, ${roughly(value - now.getTime() / 1000)}`
  }
  if (Array.isArray(value)) return value.length === 0 ? 'none' : value.join(', ')
  return typeof value === 'string' ? value : JSON.stringify(value)
}
