import { claimFindings } from './claim-findings.ts'
import { type Finding, type FindingCode, finding, when } from './findings.ts'
import { headerFindings } from './header-findings.ts'
import { type Part, readBytes, readPart } from './part.ts'
import { unwrap } from './unwrap.ts'

/** In characters: far above any token that fits into a request, and nothing that keeps a page busy. */
export const MAX_INSPECTED_LENGTH = 65_536

/** To be said wherever a token is shown and its signature was not checked. */
export const NOT_VERIFIED = 'NOT VERIFIED: anyone can write such a token.'

/** A JWT as nearly all are: header, payload, signature. Any of it may be broken. RFC 7515 §7.1 */
export interface SignedToken {
  kind: 'signed'
  /** The token alone, without what was copied along with it. */
  token: string
  header: Part
  payload: Part
  /** How long the signature is, in bytes; `null` when it is missing or no base64url. */
  signatureBytes: number | null
  /** Whether it has the form of a JWT: three parts of base64url, of which the first two are JSON objects. */
  isWhole: boolean
  findings: Finding[]
}

/** Only its header can be read. RFC 7516 §7.1 */
export interface EncryptedToken {
  kind: 'encrypted'
  header: Part
  findings: Finding[]
}

/** The findings say what it is instead. None of its text is repeated: it may be a secret. */
export interface NoToken {
  kind: 'no token'
  findings: Finding[]
}

export type Inspection = SignedToken | EncryptedToken | NoToken

/**
 * Takes a token apart and says what is to be seen: its own or a foreign service's, whole or broken. It never throws, asks nobody, reads no
 * clock, and **never verifies**: whatever it shows, anyone may have written.
 *
 * @param text as it was copied: the word `Bearer`, quotes, white space and line breaks are recognised, taken away and said
 */
export function inspectToken(text: string): Inspection {
  if (text.length > MAX_INSPECTED_LENGTH) return noToken(['TOO_LONG'])
  const { token, codes } = unwrap(text)
  if (token === '') return noToken(['EMPTY'])
  if (/^lk\d+_/.test(token)) return noToken([...codes, 'REFRESH_TOKEN'])
  if (token.startsWith('lks_')) return noToken([...codes, 'SERVICE_SECRET'])

  const segments = token.split('.')
  const header = readPart(segments[0] ?? '', 'HEADER')
  // Words with dots between them are no token; a header that is at least JSON is a broken one.
  if (header.part.members === null) {
    return noToken([...codes, 'NOT_A_TOKEN', ...(segments.length === 3 ? header.codes : [])])
  }
  codes.push(...header.codes)
  if (segments.length === 5) {
    return { kind: 'encrypted', header: header.part, findings: [...codes, 'ENCRYPTED' as const].map(finding) }
  }
  return inspectSigned(token, segments, header.part, codes)
}

function inspectSigned(
  token: string,
  segments: readonly string[],
  header: Part,
  codes: readonly FindingCode[],
): SignedToken {
  const payload = readPart(segments[1] ?? '', 'PAYLOAD')
  const signature = readSignature(segments[2])
  const { members: claims } = payload.part
  return {
    kind: 'signed',
    token,
    header,
    payload: payload.part,
    signatureBytes: signature.size,
    isWhole: segments.length === 3 && claims !== null && signature.size !== null,
    findings: [
      ...codes,
      ...when(segments.length !== 3, 'PARTS'),
      ...payload.codes,
      ...signature.codes,
      ...headerFindings(header.members ?? {}, signature.size),
      ...(claims === null ? [] : claimFindings(claims)),
    ].map(finding),
  }
}

function readSignature(segment: string | undefined): { size: number | null; codes: FindingCode[] } {
  if (segment === undefined) return { size: null, codes: ['SIGNATURE_MISSING'] }
  const { bytes, isCanonical } = readBytes(segment)
  if (bytes === undefined) return { size: null, codes: ['SIGNATURE_NOT_BASE64URL'] }
  return { size: bytes.length, codes: when(!isCanonical, 'SIGNATURE_NOT_CANONICAL') }
}

function noToken(codes: readonly FindingCode[]): NoToken {
  return { kind: 'no token', findings: codes.map(finding) }
}
