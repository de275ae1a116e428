import { createVerifier } from '@latchkey/verifier'
import { createVerifier as createFastVerifier } from 'fast-jwt'
import { createLocalJWKSet, exportJWK, jwtVerify } from 'jose'
import { AUDIENCE, ISSUER, type Mint } from './tokens.ts'

/** Checks a token: its signature or the memory of it, its issuer, audience and times. */
export type Verify = (token: string) => Promise<unknown>

/** Ours, with its check for revocation on and strict: where the feed was not heard lately, nothing would be accepted. */
export async function latchkey(mint: Mint, feedUrl: string, cache: false | undefined): Promise<Verify> {
  const verifier = createVerifier({
    issuer: ISSUER,
    audience: AUDIENCE,
    jwks: { keys: [{ ...(await exportJWK(mint.publicKey)), kid: mint.kid, alg: 'ES256' }] },
    revocations: { clientId: 'bench', clientSecret: 'bench', url: feedUrl, onStale: 'deny' },
    ...(cache === undefined ? {} : { cache }),
  })
  await verifier.ready()
  return verifier.verify
}

/** With a key that is looked up, as those of an issuer are. */
export function fastJwt({ publicKey }: Mint): Verify {
  const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString()
  return createFastVerifier({
    key: async () => pem,
    algorithms: ['ES256'],
    allowedIss: ISSUER,
    allowedAud: AUDIENCE,
    cache: true,
  })
}

export async function jose({ publicKey, kid }: Mint): Promise<Verify> {
  const keys = createLocalJWKSet({ keys: [{ ...(await exportJWK(publicKey)), kid, alg: 'ES256' }] })
  const expected = { issuer: ISSUER, audience: AUDIENCE, typ: 'at+jwt', algorithms: ['ES256'] }
  return (token) => jwtVerify(token, keys, expected)
}
