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
  const { session, refreshToken } = refreshed
  const { accessToken, expiresIn, refreshExpiresIn, user } = await issueTokens(refreshed, call)
  const tokens: Tokens = { accessToken, tokenType: 'Bearer', expiresIn, user, sessionId: session.id }
  if (session.client === 'native') {
    return json(status, { ...tokens, refreshToken, refreshExpiresIn }, call.answer)
  }
  const cookie = refreshCookie(refreshToken, refreshExpiresIn, call.services.settings.cookie)
  return json(status, tokens, { ...call.answer, 'set-cookie': cookie })
}

/** The same for a native session in the words and with the headers of RFC 6749 §5.1. */
export async function answerOAuthTokens(refreshed: Refreshed, call: Call): Promise<Response> {
  const { accessToken, expiresIn, refreshExpiresIn } = await issueTokens(refreshed, call)
  const tokens = {
    access_token: accessToken,
    token_type: 'Bearer',
    expires_in: expiresIn,
    refresh_token: refreshed.refreshToken,
    refresh_expires_in: refreshExpiresIn,
  }
  return json(200, tokens, { ...call.answer, pragma: 'no-cache' })
}

async function issueTokens({ session, account }: Refreshed, { services }: Call) {
  const { settings, signingKeys } = services
  const now = settings.now()
  const user = toUser(account)
  const { token, expiresIn } = await issueAccessToken({ session, user }, signingKeys.current(), now, {
    issuer: settings.url,
    audience: settings.audience,
    ttlSeconds: settings.accessTtlSeconds,
    type: settings.accessTokenType,
    claims: settings.claims,
  })
  return { accessToken: token, expiresIn, refreshExpiresIn: secondsLeft(session, now, settings), user }
}
