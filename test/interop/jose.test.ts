import { createRemoteJWKSet, errors, jwtVerify } from 'jose'
import { describePeer } from './peer.ts'

describePeer(
  'jose',
  { algorithms: ['ES256', 'EdDSA', 'RS256'], readsType: true },
  async ({ issuer, audience, type, jwksUrl }) => {
    const keys = createRemoteJWKSet(new URL(jwksUrl))
    const algorithms = ['ES256', 'EdDSA', 'RS256']
    return async (token) => {
      try {
        const { payload } = await jwtVerify(token, keys, { issuer, audience, algorithms, typ: type })
        return { user: payload.sub }
      } catch (error) {
        if (error instanceof errors.JOSEError) return { refused: `${error.code}: ${error.message}` }
        throw error
      }
    }
  },
)
