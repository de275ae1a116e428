// Taken from the functions: what their types are called differs between browsers' and Node's declarations.
type ImportParameters = Parameters<typeof crypto.subtle.importKey>[2]
type VerifyParameters = Parameters<typeof crypto.subtle.verify>[0]

export interface SignatureAlgorithm {
  importParameters: ImportParameters
  verifyParameters: VerifyParameters
  /** In bytes; `undefined` where the key decides. RFC 7518 §3.4, RFC 8032 §5.1 */
  signatureBytes: number | undefined
}

/** More than {@link ../token/algorithm.ts} accepts: foreign tokens are looked at here, and nothing is opened by them. */
const ALGORITHMS: { readonly [name: string]: SignatureAlgorithm } = {
  ES256: ecdsa('P-256', 'SHA-256', 64),
  ES384: ecdsa('P-384', 'SHA-384', 96),
  ES512: ecdsa('P-521', 'SHA-512', 132),
  RS256: rsa('SHA-256'),
  RS384: rsa('SHA-384'),
  RS512: rsa('SHA-512'),
  PS256: rsaPss('SHA-256', 32),
  PS384: rsaPss('SHA-384', 48),
  PS512: rsaPss('SHA-512', 64),
  EdDSA: {
    importParameters: { name: 'Ed25519' },
    verifyParameters: { name: 'Ed25519' },
    signatureBytes: 64,
  },
}

export function signatureAlgorithm(alg: unknown): SignatureAlgorithm | undefined {
  return typeof alg === 'string' && Object.hasOwn(ALGORITHMS, alg) ? ALGORITHMS[alg] : undefined
}

/** In every spelling, since somebody may read any of them as what it resembles. RFC 8725 §3.1 */
export function isNone(alg: unknown): boolean {
  return typeof alg === 'string' && alg.trim().toLowerCase() === 'none'
}

/** A MAC over a shared secret. RFC 7518 §3.2 */
export function isSymmetric(alg: unknown): boolean {
  return typeof alg === 'string' && /^HS\d+$/i.test(alg)
}

function ecdsa(namedCurve: string, hash: string, signatureBytes: number): SignatureAlgorithm {
  return {
    importParameters: { name: 'ECDSA', namedCurve },
    verifyParameters: { name: 'ECDSA', hash },
    signatureBytes,
  }
}

function rsa(hash: string): SignatureAlgorithm {
  const name = 'RSASSA-PKCS1-v1_5'
  return { importParameters: { name, hash }, verifyParameters: { name }, signatureBytes: undefined }
}

function rsaPss(hash: string, saltLength: number): SignatureAlgorithm {
  return {
    importParameters: { name: 'RSA-PSS', hash },
    verifyParameters: { name: 'RSA-PSS', saltLength },
    signatureBytes: undefined,
  }
}
