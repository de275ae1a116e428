import type { JsonWebKeyMembers, JsonWebKeySet } from '../keys/jwk.ts'
import { isWeakRsaKey } from '../keys/rsa.ts'
import { decodeBase64url } from '../token/base64url.ts'
import { type JsonObject, parseJsonObject } from '../token/json.ts'
import { MAX_INSPECTED_LENGTH } from './inspect-token.ts'
import { type GivenKey, type KeyTextProblem, readKeys } from './read-keys.ts'
import { isNone, isSymmetric, type SignatureAlgorithm, signatureAlgorithm } from './signature-algorithms.ts'
import { unwrap } from './unwrap.ts'

/** A key set, a single JWK, or text: either of them as JSON, or a public key in PEM (`BEGIN PUBLIC KEY`). */
export type TokenKeys = string | JsonWebKeySet | JsonWebKeyMembers

/** The signature, and nothing but the signature, was held against a key; or the keys have none for it. */
export interface CheckedSignature {
  result: 'holds' | 'does not hold' | 'no such key'
  text: string
}

/** Nothing was found out. The code never changes. */
export interface UncheckedSignature {
  result: 'cannot be checked'
  code: SignatureProblem
  text: string
}

const PROBLEMS = {
  NOT_A_SIGNED_TOKEN: 'This is not a signed JWT in its one strict form, so there is no signature to check.',
  UNSIGNED: 'The token says that it is not signed: there is nothing to check.',
  MAC: 'It is signed with a shared secret (HS*). A MAC proves nothing to who does not hold the secret, and a secret belongs neither into a page nor into a command.',
  UNKNOWN_ALGORITHM:
    'Its algorithm is not one of ES256, ES384, ES512, RS256, RS384, RS512, PS256, PS384, PS512 and EdDSA.',
  CRITICAL_HEADER:
    'Its header asks for an extension (crit or b64) that is not understood here, so the token must be refused.',
  KEY_OF_ANOTHER_KIND: 'The key is malformed, or made for something else than the algorithm of the token.',
  WEAK_KEY: 'The RSA key is too weak for its signatures to prove anything.',
  UNSUPPORTED_HERE: 'This browser or runtime does not have the algorithm.',
  UNREADABLE_KEYS: 'This is no key: a JWK, a JWKS or a public key in PEM (BEGIN PUBLIC KEY) is needed.',
  PRIVATE_KEY:
    'This is a private key. Whoever sees it can sign; a signature is checked with the public key. If others may have seen it, replace it.',
  CERTIFICATE: 'This is a certificate. Take the key out of it: openssl x509 -pubkey -noout -in FILE',
  PKCS1_KEY: 'This is a key in PKCS #1. Convert it: openssl rsa -RSAPublicKey_in -pubout -in FILE',
} as const

/** Why a signature cannot be checked. */
export type SignatureProblem = keyof typeof PROBLEMS

const NOTHING_ELSE = 'Issuer, audience, times and revocation were not checked.'
const RESULTS: Record<CheckedSignature['result'], string> = {
  holds: `The signature holds: the token is as the owner of this key signed it. ${NOTHING_ELSE}`,
  'does not hold':
    'The signature does not hold: the token was changed, or signed with another key. Believe nothing of it.',
  'no such key':
    'None of these keys is the one that the token names (kid), so its signature was not checked.',
}

/**
 * Holds the signature of a token against keys: ES256/384/512, RS256/384/512, PS256/384/512 or EdDSA (Ed25519). A signature that holds is
 * one thing and a token to accept another: for that is `createVerifier`. Asks nobody and never rejects.
 *
 * In a key set, the token's `kid` chooses; a single key is tried whatever the token names.
 *
 * @param token as it was copied, like {@link inspectToken}'s
 */
export async function checkTokenSignature(
  token: string,
  keys: TokenKeys,
): Promise<CheckedSignature | UncheckedSignature> {
  const signed = readSigned(token)
  if (signed === undefined) return cannot('NOT_A_SIGNED_TOKEN')

  const algorithm = chooseAlgorithm(signed.header)
  if (typeof algorithm === 'string') return cannot(algorithm)

  const given = readKeys(keys)
  if (given.from === 'nothing') return cannot(given.problem)
  const candidates =
    given.from === 'set' ? given.keys.filter((key) => mayBe(key, signed.header.kid)) : given.keys
  if (candidates.length === 0) return said('no such key')
  return await tryEach(candidates, algorithm, signed)
}

interface Signed {
  header: JsonObject
  signature: Uint8Array<ArrayBuffer>
  signedBytes: Uint8Array<ArrayBuffer>
}

/** As strictly as a verifier: what two programs would read differently has no one signature. */
function readSigned(text: string): Signed | undefined {
  if (text.length > MAX_INSPECTED_LENGTH) return undefined
  const { token } = unwrap(text)
  const [header, payload, signature, ...more] = token.split('.').map(decodeBase64url)
  const members = header && parseJsonObject(header)
  if (!members || !payload || !signature || more.length > 0) return undefined
  const signedBytes = new TextEncoder().encode(token.slice(0, token.lastIndexOf('.')))
  return { header: members, signature, signedBytes }
}

function chooseAlgorithm(header: JsonObject): SignatureAlgorithm | SignatureProblem {
  if (isNone(header.alg)) return 'UNSIGNED'
  if (isSymmetric(header.alg)) return 'MAC'
  // RFC 7515 §4.1.11, RFC 7797 §7
  if (Object.hasOwn(header, 'crit') || Object.hasOwn(header, 'b64')) return 'CRITICAL_HEADER'
  return signatureAlgorithm(header.alg) ?? 'UNKNOWN_ALGORITHM'
}

/** A key without a name may be anybody's, and a token that names none may be of any key. */
function mayBe(key: GivenKey, kid: unknown): boolean {
  return kid === undefined || key.form === 'spki' || key.jwk.kid === undefined || key.jwk.kid === kid
}

async function tryEach(
  candidates: readonly GivenKey[],
  algorithm: SignatureAlgorithm,
  { header, signature, signedBytes }: Signed,
): Promise<CheckedSignature | UncheckedSignature> {
  let problem: SignatureProblem = 'KEY_OF_ANOTHER_KIND'
  let wasChecked = false
  for (const candidate of candidates) {
    const key = await importKey(candidate, header.alg, algorithm)
    if (typeof key === 'string') {
      problem = key
      continue
    }
    // A runtime that throws over a malformed signature has refused it too.
    const holds = await crypto.subtle
      .verify(algorithm.verifyParameters, key, signature, signedBytes)
      .catch(() => false)
    if (holds) return said('holds')
    wasChecked = true
  }
  return wasChecked ? said('does not hold') : cannot(problem)
}

/** Only the public members go in: the platform has opinions about the others that differ between runtimes. */
const PUBLIC_MEMBERS = ['kty', 'crv', 'x', 'y', 'n', 'e'] as const

async function importKey(
  given: GivenKey,
  alg: unknown,
  { importParameters }: SignatureAlgorithm,
): Promise<CryptoKey | SignatureProblem> {
  if (given.form === 'jwk' && !isFor(given.jwk, alg)) return 'KEY_OF_ANOTHER_KIND'
  try {
    const key =
      given.form === 'spki'
        ? await crypto.subtle.importKey('spki', given.der, importParameters, true, ['verify'])
        : await crypto.subtle.importKey('jwk', publicMembers(given.jwk), importParameters, true, ['verify'])
    return (await isWeak(key)) ? 'WEAK_KEY' : key
  } catch (error) {
    return (error as Error).name === 'NotSupportedError' ? 'UNSUPPORTED_HERE' : 'KEY_OF_ANOTHER_KIND'
  }
}

function isFor({ alg: own, use }: JsonWebKeyMembers, alg: unknown): boolean {
  return (own === undefined || own === alg) && (use === undefined || use === 'sig')
}

function publicMembers(jwk: JsonWebKeyMembers): Record<string, string | undefined> {
  return Object.fromEntries(
    PUBLIC_MEMBERS.filter((name) => Object.hasOwn(jwk, name)).map((name) => [name, jwk[name]]),
  )
}

async function isWeak(key: CryptoKey): Promise<boolean> {
  const { n, e } = await crypto.subtle.exportKey('jwk', key)
  const modulus = n === undefined ? undefined : decodeBase64url(n)
  const exponent = e === undefined ? undefined : decodeBase64url(e)
  return modulus !== undefined && exponent !== undefined && isWeakRsaKey(modulus, exponent)
}

function said(result: CheckedSignature['result']): CheckedSignature {
  return { result, text: RESULTS[result] }
}

function cannot(code: SignatureProblem | KeyTextProblem): UncheckedSignature {
  return { result: 'cannot be checked', code, text: PROBLEMS[code] }
}
