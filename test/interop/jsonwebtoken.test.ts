import jwt, { type GetPublicKeyOrSecret } from 'jsonwebtoken'
import { describePeer, type Verdict } from './peer.ts'
import { publishedKeys } from './published-keys.ts'

describePeer(
  'jsonwebtoken',
  { algorithms: ['ES256', 'RS256'], readsType: false },
  async ({ issuer, audience, jwksUrl }) => {
    const keyNamed = publishedKeys(jwksUrl)
    const findKey: GetPublicKeyOrSecret = ({ kid }, done) => {
      keyNamed(kid).then((key) => done(null, key), done)
    }
    return (token) =>
      new Promise<Verdict>((resolve, reject) => {
        jwt.verify(token, findKey, { issuer, audience, algorithms: ['ES256', 'RS256'] }, (error, claims) => {
          if (error === null) resolve({ user: claims?.sub })
          else if (error instanceof jwt.JsonWebTokenError) resolve({ refused: error.message })
          else reject(error)
        })
      })
  },
)
