import { decodeBase64url } from '../token/base64url.ts'
import { countMembers, isJsonObject, type JsonObject, parseJsonObject } from '../token/json.ts'
import type { FindingCode } from './findings.ts'

/** The header or the payload of a token. */
export interface Part {
  /** As it was signed, before it was parsed; `null` where it is no text. Whoever shows it must escape it. */
  text: string | null
  /** Parsed; of a name that is there twice the last, as most programs read it. `null` where it is no JSON object. */
  members: JsonObject | null
}

/** Deeper, and whoever goes through it may run out of stack. */
const MAX_DEPTH = 64

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Reads what can be read of a segment, however broken, and says what is wrong with it. */
export function readPart(segment: string, name: 'HEADER' | 'PAYLOAD'): { part: Part; codes: FindingCode[] } {
  const codes: FindingCode[] = []
  const answer = (text: string | null, members: JsonObject | null, code?: FindingCode) => {
    if (code !== undefined) codes.push(code)
    return { part: { text, members }, codes }
  }

  const { bytes, isCanonical } = readBytes(segment)
  if (bytes === undefined) return answer(null, null, `${name}_NOT_BASE64URL`)
  if (!isCanonical) codes.push(`${name}_NOT_CANONICAL`)

  const text = readText(bytes)
  if (text === undefined) return answer(null, null, `${name}_NOT_UTF8`)
  if (depthOf(text) > MAX_DEPTH) return answer(text, null, `${name}_NESTED_DEEPLY`)

  if (hasRoundedNumber(text)) codes.push(`${name}_NUMBER_ROUNDED`)
  const strict = parseJsonObject(bytes)
  if (strict !== undefined) return answer(text, strict)

  const value = parse(text)
  if (value === undefined) return answer(text, null, `${name}_NOT_JSON`)
  if (!isJsonObject(value)) return answer(text, null, `${name}_NOT_AN_OBJECT`)
  if (countMembers(text) !== Object.keys(value).length) return answer(text, value, `${name}_DUPLICATE_MEMBER`)
  return answer(text, value, `${name}_NOT_WELL_FORMED`)
}

/** The bytes as lenient decoders read them, and whether strict ones do too. */
export function readBytes(segment: string): {
  bytes: Uint8Array<ArrayBuffer> | undefined
  isCanonical: boolean
} {
  const strict = decodeBase64url(segment)
  if (strict !== undefined) return { bytes: strict, isCanonical: true }
  try {
    const forgiven = segment.replaceAll('-', '+').replaceAll('_', '/').replace(/=+$/, '')
    const bytes = Uint8Array.from(atob(forgiven), (character) => character.charCodeAt(0))
    return { bytes, isCanonical: false }
  } catch {
    return { bytes: undefined, isCanonical: false }
  }
}

function readText(bytes: Uint8Array): string | undefined {
  try {
    return utf8.decode(bytes)
  } catch {
    return undefined
  }
}

/** Whether a number is written that programs read as another one, as JavaScript does. RFC 8259 §6 */
function hasRoundedNumber(json: string): boolean {
  for (const [sign] of json.matchAll(/"(?:[^"\\]|\\.)*(?:"|\\?$)|-?\d[\d.eE+-]*/gs)) {
    const value = sign.startsWith('"') ? 0 : Number(sign)
    if (Math.abs(value) === Number.POSITIVE_INFINITY) return true
    if (/^-?\d+$/.test(sign) && !Number.isSafeInteger(value)) return true
  }
  return false
}

/** `undefined` is no JSON value, so it can say that there was none. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function depthOf(json: string): number {
  let depth = 0
  let deepest = 0
  // A string that never ends is skipped to the end of the text: whoever began anew at each of its quotes would take seconds.
  for (const [sign] of json.matchAll(/"(?:[^"\\]|\\.)*(?:"|\\?$)|[[\]{}]/gs)) {
    if (sign.startsWith('"')) continue
    depth += sign === '[' || sign === '{' ? 1 : -1
    deepest = Math.max(deepest, depth)
  }
  return deepest
}
