import { createVerifier, type DecodedJwt, TokenError } from 'fast-jwt'
import { describePeer } from './peer.ts'
import { publishedKeys } from './published-keys.ts'

describePeer(
  'fast-jwt',
  { algorithms: ['ES256', 'EdDSA', 'RS256'], readsType: true },
  async ({ issuer, audience, algorithm, type, jwksUrl }) => {
    const keyNamed = publishedKeys(jwksUrl)
    const verify = createVerifier({
      key: ({ header }: DecodedJwt) => keyNamed(header.kid),
      algorithms: [algorithm],
      allowedIss: issuer,
      allowedAud: audience,
      requiredClaims: ['iss', 'aud', 'exp'],
      checkTyp: type,
    })
    return async (token) => {
      try {
        return { user: (await verify(token)).sub }
      } catch (error) {
        if (error instanceof TokenError) return { refused: `${error.code}: ${error.message}` }
        throw error
      }
    }
  },
)
