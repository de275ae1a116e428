import { invalid } from '../errors.ts'
import type { VerificationKey } from '../keys/jwk.ts'
import type { Jws } from './compact.ts'
import type { Header } from './header.ts'

/**
 * Holds the signature against the key that `kid` names. The key decides the algorithm and the header may only agree: one key, one
 * algorithm. RFC 8725 §3.1
 */
export async function checkSignature(jws: Jws, header: Header, key: VerificationKey): Promise<void> {
  if (header.alg !== key.algorithm) throw invalid("alg must be the key's own algorithm")
  // ES256 is r and s side by side, 32 bytes each, and never DER. RFC 7518 §3.4
  if (jws.signature.length !== key.signatureBytes)
    throw invalid('the signature must have the length of its algorithm')

  // A runtime that throws over a malformed signature has refused it too.
  const holds = await crypto.subtle
    .verify(key.parameters, key.cryptoKey, jws.signature, jws.signedBytes)
    .catch(() => false)
  if (!holds) throw invalid('the signature must hold')
}
