import { invalid } from '../errors.ts'
import { type Algorithm, isAlgorithm } from './algorithm.ts'
import { parseJsonObject } from './json.ts'

/** Ours have 43 characters or fewer; nobody's need more than this. */
const MAX_KID_LENGTH = 256

export interface Header {
  alg: Algorithm
  kid: string
  typ: unknown
}

/**
 * What the header may say about how it was signed. `jwk`, `jku`, `x5c` and `x5u` are not even read: a token that brings its own
 * key proves nothing. RFC 7515 §4.1, RFC 8725 §3.1 and §3.10
 */
export function readHeader(bytes: Uint8Array, algorithms: ReadonlySet<Algorithm>): Header {
  const header = parseJsonObject(bytes)
  if (!header) throw invalid('the header must be a JSON object in UTF-8 that names no member twice')

  const { alg, kid, typ } = header
  if (!isAlgorithm(alg) || !algorithms.has(alg)) throw invalid('alg must be an accepted algorithm')
  // No extension is understood here, so each one that must be understood is a reason to refuse. RFC 7515 §4.1.11
  if (Object.hasOwn(header, 'crit')) throw invalid('crit must be absent')
  // An unencoded payload would change what was signed. RFC 7797 §6
  if (Object.hasOwn(header, 'b64')) throw invalid('b64 must be absent')
  if (typeof kid !== 'string' || kid === '' || kid.length > MAX_KID_LENGTH) {
    throw invalid('kid must be a string of 1 to 256 characters')
  }
  return { alg, kid, typ }
}

/**
 * `typ` keeps every other JWT of the same issuer, such as an ID token, from being taken for an access token. Media types are
 * compared without regard to case, and `application/` may be left out. RFC 9068 §4, RFC 7515 §4.1.9, RFC 8725 §3.11
 */
export function checkType(header: Header, types: ReadonlySet<string>): void {
  if (typeof header.typ !== 'string' || !types.has(header.typ.toLowerCase())) {
    throw invalid('typ must be that of an access token')
  }
}
