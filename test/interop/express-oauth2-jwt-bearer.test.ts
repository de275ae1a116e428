import { auth } from 'express-oauth2-jwt-bearer'
import { openExpress } from './express.ts'
import { describePeer } from './peer.ts'

/** It finds the keys by the service's metadata. */
describePeer(
  'express-oauth2-jwt-bearer',
  { algorithms: ['ES256', 'EdDSA', 'RS256'], readsType: true },
  ({ issuer, audience, algorithm, type }) =>
    openExpress(
      auth({ issuerBaseURL: issuer, audience, tokenSigningAlg: algorithm, strict: type === 'at+jwt' }),
      (request) => request.auth?.payload.sub,
    ),
)
