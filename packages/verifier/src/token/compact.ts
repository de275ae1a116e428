import { invalid } from '../errors.ts'
import { decodeBase64url } from './base64url.ts'

/** Far above any token that fits into a header, far below what would be work to look at. In characters. */
const MAX_TOKEN_LENGTH = 16_384

const encoder = new TextEncoder()

/** A JWS in its parts, decoded and not yet believed. */
export interface Jws {
  header: Uint8Array
  payload: Uint8Array
  signature: Uint8Array<ArrayBuffer>
  /** What the signature was made over. RFC 7515 §5.1 */
  signedBytes: Uint8Array<ArrayBuffer>
}

/** Takes the compact form apart: three canonical base64url segments between two dots, nothing else. RFC 7515 §7.1 */
export function splitCompact(token: string): Jws {
  if (token.length > MAX_TOKEN_LENGTH) throw invalid('the token must have at most 16384 characters')

  const [header, payload, signature, ...more] = token.split('.').map(decodeBase64url)
  if (!header || !payload || !signature || more.length > 0) {
    throw invalid('the token must be three segments of canonical base64url')
  }
  return { header, payload, signature, signedBytes: encoder.encode(token.slice(0, token.lastIndexOf('.'))) }
}
