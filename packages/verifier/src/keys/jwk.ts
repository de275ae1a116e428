import type { Algorithm } from '../token/algorithm.ts'
import { decodeBase64url } from '../token/base64url.ts'
import { isWeakRsaKey } from './rsa.ts'

/** The members of a public JSON Web Key that are looked at. RFC 7517 §4, RFC 7518 §6, RFC 8037 §2 */
export interface JsonWebKeyMembers {
  kty?: string
  kid?: string
  use?: string
  key_ops?: string[]
  alg?: string
  crv?: string
  x?: string
  y?: string
  n?: string
  e?: string
}

/** RFC 7517 §5 */
export interface JsonWebKeySet {
  keys: readonly JsonWebKeyMembers[]
}

// Taken from the functions: what their types are called differs between browsers' and Node's declarations.
type VerifyParameters = Parameters<typeof crypto.subtle.verify>[0]
type ImportParameters = Parameters<typeof crypto.subtle.importKey>[2]

/** A public key that is fit to check signatures, with the only algorithm it is for. */
export interface VerificationKey {
  algorithm: Algorithm
  cryptoKey: CryptoKey
  parameters: VerifyParameters
  signatureBytes: number
}

interface Kind {
  algorithm: Algorithm
  kty: string
  crv?: string
  /** The members that make up the public key. */
  members: readonly (keyof JsonWebKeyMembers)[]
  importParameters: ImportParameters
  verifyParameters: VerifyParameters
}

const KINDS: readonly Kind[] = [
  {
    algorithm: 'ES256',
    kty: 'EC',
    crv: 'P-256',
    members: ['kty', 'crv', 'x', 'y'],
    importParameters: { name: 'ECDSA', namedCurve: 'P-256' },
    verifyParameters: { name: 'ECDSA', hash: 'SHA-256' },
  },
  {
    algorithm: 'EdDSA',
    kty: 'OKP',
    crv: 'Ed25519',
    members: ['kty', 'crv', 'x'],
    importParameters: { name: 'Ed25519' },
    verifyParameters: { name: 'Ed25519' },
  },
  {
    algorithm: 'RS256',
    kty: 'RSA',
    members: ['kty', 'n', 'e'],
    importParameters: { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' },
    verifyParameters: { name: 'RSASSA-PKCS1-v1_5' },
  },
]

/** The key that a JWK holds, or `undefined` when it is not one that our tokens may be checked with. */
export async function importVerificationKey(jwk: JsonWebKeyMembers): Promise<VerificationKey | undefined> {
  const kind = KINDS.find(({ kty, crv }) => kty === jwk.kty && crv === jwk.crv)
  if (!kind || !isForVerifying(jwk, kind.algorithm)) return undefined

  const signatureBytes = kind.kty === 'RSA' ? strongModulusLength(jwk) : 64
  if (!signatureBytes) return undefined

  // Only the public members go in: the platform has opinions about the others that differ between runtimes.
  const publicKey = Object.fromEntries(kind.members.map((member) => [member, jwk[member]]))
  try {
    const cryptoKey = await crypto.subtle.importKey('jwk', publicKey, kind.importParameters, false, [
      'verify',
    ])
    return { algorithm: kind.algorithm, cryptoKey, parameters: kind.verifyParameters, signatureBytes }
  } catch {
    // A point that is not on its curve, a runtime without the curve: one bad key must not take the good ones with it.
    return undefined
  }
}

function isForVerifying(jwk: JsonWebKeyMembers, algorithm: Algorithm): boolean {
  // A private key that was published is everybody's.
  if (Object.hasOwn(jwk, 'd')) return false
  if (jwk.use !== undefined && jwk.use !== 'sig') return false
  if (jwk.key_ops !== undefined && !(Array.isArray(jwk.key_ops) && jwk.key_ops.includes('verify')))
    return false
  return jwk.alg === undefined || jwk.alg === algorithm
}

/** In bytes, or `undefined` for a key too weak to use. A signature is as long as the modulus. RFC 8017 §8.2.2 */
function strongModulusLength({ n, e }: JsonWebKeyMembers): number | undefined {
  const modulus = decodeBase64url(String(n))
  const exponent = decodeBase64url(String(e))
  if (!modulus || !exponent || isWeakRsaKey(modulus, exponent)) return undefined
  return modulus.length
}
