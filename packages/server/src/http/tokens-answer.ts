import type { Tokens } from '@latchkey/protocol'
import { toUser } from '../accounts/service.ts'
import { issueAccessToken } from '../keys/access-token.ts'
import type { Refreshed } from '../sessions/refresh.ts'
import { secondsLeft } from '../sessions/rules.ts'
import { json } from './answers.ts'
import { refreshCookie } from './cookies.ts'
import type { Call } from './endpoint.ts'

/** The answer that carries an access token: the refresh token goes the way its session was opened for. */
export async function answerTokens(status: number, refreshed: Refreshed, call: Call): Promise<Response> {
  const { session, account, refreshToken } = refreshed
  const { settings, signingKeys } = call.services
  const now = settings.now()
  const user = toUser(account)
  const { token, expiresIn } = await issueAccessToken({ session, user }, signingKeys.current(), now, {
    issuer: settings.url,
    audience: settings.audience,
    ttlSeconds: settings.accessTtlSeconds,
    type: settings.accessTokenType,
    claims: settings.claims,
  })
  const refreshExpiresIn = secondsLeft(session, now, settings)
  const tokens: Tokens = { accessToken: token, tokenType: 'Bearer', expiresIn, user, sessionId: session.id }
  if (session.client === 'native') {
    return json(status, { ...tokens, refreshToken, refreshExpiresIn }, call.answer)
  }
  const cookie = refreshCookie(refreshToken, refreshExpiresIn, settings.cookie)
  return json(status, tokens, { ...call.answer, 'set-cookie': cookie })
}
