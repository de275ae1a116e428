import type { JsonWebKeyMembers, JsonWebKeySet } from '../keys/jwk.ts'
import { isJsonObject } from '../token/json.ts'

/** One key as it was given: a JWK, or the bytes of a SubjectPublicKeyInfo. RFC 7517 §4, RFC 5280 §4.1 */
export type GivenKey =
  | { form: 'jwk'; jwk: JsonWebKeyMembers }
  | { form: 'spki'; der: Uint8Array<ArrayBuffer> }

/** Keys that were looked for, out of which `kid` chooses; or one that somebody chose. */
export type GivenKeys =
  | { from: 'set' | 'choice'; keys: GivenKey[] }
  | { from: 'nothing'; problem: KeyTextProblem }

export type KeyTextProblem = 'UNREADABLE_KEYS' | 'PRIVATE_KEY' | 'CERTIFICATE' | 'PKCS1_KEY'

/** Reads a JWKS, a JWK or PEM text. */
export function readKeys(keys: string | JsonWebKeySet | JsonWebKeyMembers): GivenKeys {
  if (typeof keys === 'string') return keys.trimStart().startsWith('{') ? readJson(keys) : readPem(keys)
  return readObject(keys)
}

function readJson(text: string): GivenKeys {
  try {
    return readObject(JSON.parse(text))
  } catch {
    return { from: 'nothing', problem: 'UNREADABLE_KEYS' }
  }
}

function readObject(value: unknown): GivenKeys {
  if (!isJsonObject(value)) return { from: 'nothing', problem: 'UNREADABLE_KEYS' }
  const from = Array.isArray(value.keys) ? 'set' : 'choice'
  const jwks: JsonWebKeyMembers[] = (Array.isArray(value.keys) ? value.keys : [value]).filter(isJsonObject)
  const isNoKey = ({ kty }: JsonWebKeyMembers) => typeof kty !== 'string'
  if (from === 'choice' && jwks.some(isNoKey)) return { from: 'nothing', problem: 'UNREADABLE_KEYS' }
  if (jwks.some((jwk) => Object.hasOwn(jwk, 'd'))) return { from: 'nothing', problem: 'PRIVATE_KEY' }
  return { from, keys: jwks.map((jwk) => ({ form: 'jwk', jwk })) }
}

const PEM = /-----BEGIN ([A-Z0-9 ]+)-----([A-Za-z0-9+/=\s]*)-----END \1-----/g

/** RFC 7468 §13 */
function readPem(text: string): GivenKeys {
  const blocks = [...text.matchAll(PEM)].map(([, label = '', body = '']) => ({ label, body }))
  const labelled = (words: RegExp) => blocks.some(({ label }) => words.test(label))
  if (labelled(/PRIVATE KEY$/)) return { from: 'nothing', problem: 'PRIVATE_KEY' }

  const keys = blocks.flatMap(({ label, body }) => (label === 'PUBLIC KEY' ? readBody(body) : []))
  if (keys.length > 0) return { from: 'choice', keys }
  if (labelled(/CERTIFICATE$/)) return { from: 'nothing', problem: 'CERTIFICATE' }
  if (labelled(/^RSA PUBLIC KEY$/)) return { from: 'nothing', problem: 'PKCS1_KEY' }
  return { from: 'nothing', problem: 'UNREADABLE_KEYS' }
}

function readBody(base64: string): GivenKey[] {
  try {
    const der = Uint8Array.from(atob(base64.replaceAll(/\s/g, '')), (character) => character.charCodeAt(0))
    return [{ form: 'spki', der }]
  } catch {
    return []
  }
}
