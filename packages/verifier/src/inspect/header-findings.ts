import type { JsonObject } from '../token/json.ts'
import { type FindingCode, when } from './findings.ts'
import { isNone, isSymmetric, signatureAlgorithm } from './signature-algorithms.ts'

/** Members by which a token brings a key along, or says where one is. RFC 7515 §4.1.2, §4.1.3, §4.1.5, §4.1.6 */
const EMBEDDED_KEYS = ['jwk', 'jku', 'x5u', 'x5c']

/** What is to be said about how a token claims to be signed. RFC 8725 §3 */
export function headerFindings(header: JsonObject, signatureBytes: number | null): FindingCode[] {
  const has = (name: string) => Object.hasOwn(header, name)
  return [
    ...algorithmFindings(header, signatureBytes),
    ...when(EMBEDDED_KEYS.some(has), 'EMBEDDED_KEY'),
    ...when(has('crit'), 'UNKNOWN_CRIT'),
    ...when(has('b64'), 'UNENCODED_PAYLOAD'),
    ...when(!has('kid') && signatureAlgorithm(header.alg) !== undefined, 'KID_MISSING'),
  ]
}

function algorithmFindings({ alg }: JsonObject, signatureBytes: number | null): FindingCode[] {
  if (alg === undefined) return ['ALG_MISSING']
  // Its signature ought to be empty, and what is there instead means nothing.
  if (isNone(alg)) return ['ALG_NONE']
  const known = signatureAlgorithm(alg)
  const expected = known?.signatureBytes
  return [
    ...when(isSymmetric(alg), 'ALG_SYMMETRIC'),
    ...when(known === undefined && !isSymmetric(alg), 'ALG_UNKNOWN'),
    ...when(signatureBytes === 0, 'SIGNATURE_MISSING'),
    ...when(
      expected !== undefined && signatureBytes !== null && signatureBytes > 0 && signatureBytes !== expected,
      'SIGNATURE_LENGTH',
    ),
  ]
}
