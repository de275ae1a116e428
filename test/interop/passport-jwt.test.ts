import type { RequestHandler } from 'express'
import jwt from 'jsonwebtoken'
import passport from 'passport'
import { ExtractJwt, Strategy } from 'passport-jwt'
import { openExpress } from './express.ts'
import { describePeer } from './peer.ts'
import { publishedKeys } from './published-keys.ts'

describePeer(
  'passport-jwt',
  { algorithms: ['ES256', 'RS256'], readsType: false },
  ({ issuer, audience, jwksUrl }) => {
    const keyNamed = publishedKeys(jwksUrl)
    const authenticator = new passport.Passport()
    authenticator.use(
      new Strategy(
        {
          jwtFromRequest: ExtractJwt.fromAuthHeaderAsBearerToken(),
          secretOrKeyProvider: (_, token, done) => {
            keyNamed(jwt.decode(token, { complete: true })?.header.kid).then((key) => done(null, key), done)
          },
          issuer,
          audience,
          algorithms: ['ES256', 'RS256'],
        },
        (claims, done) => done(null, { id: claims.sub }),
      ),
    )
    // Of itself it gives no reason.
    const protect: RequestHandler = (request, response, next) => {
      const decided = (error: unknown, user: Express.User | false, info?: Error) => {
        if (error) return next(error)
        if (!user) return response.status(401).set('www-authenticate', info?.message).end()
        request.user = user
        next()
      }
      authenticator.authenticate('jwt', { session: false }, decided)(request, response, next)
    }
    return openExpress(protect, (request) => (request.user as { id: string }).id)
  },
)
