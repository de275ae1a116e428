import { createVerifier, VerifyError } from '@latchkey/verifier'
import { AuthError } from '../errors.ts'
import { signCompact } from '../keys/access-token.ts'
import { parseRefreshToken } from '../sessions/refresh-token.ts'
import { toNumericDate, toTimestamp } from '../time.ts'
import { json, toProblem } from './answers.ts'
import { bearerToken } from './bearer.ts'
import { cookieName, cookieValues } from './cookies.ts'
import {
  type Call,
  type Endpoint,
  type EndpointDescription,
  endpoint,
  endpointForCaller,
} from './endpoint.ts'

const EXPIRED_FOR_SECONDS = 60

const description = {
  group: 'Development',
  answers: { status: 200, mediaType: 'application/json' },
  errors: [],
} as const satisfies Partial<EndpointDescription>

/** What the live view shows the workflow with. The configuration refuses them in production. */
export const developmentEndpoints: readonly Endpoint[] = [
  endpoint(
    {
      ...description,
      method: 'GET',
      path: '/dev',
      bearer: 'none',
      summary: 'Says that the helpers are here',
    },
    async (call) => json(200, { development: true }, call.answer),
  ),
  endpoint(
    {
      ...description,
      method: 'GET',
      path: '/dev/api/time',
      bearer: 'required',
      summary: 'Plays an API: it verifies the access token by itself and asks nobody',
      errors: ['TOKEN_MISSING', 'TOKEN_INVALID', 'TOKEN_EXPIRED'],
    },
    async (call) => {
      const { sub } = await verifyAsAnApiWould(call)
      return json(200, { now: toTimestamp(call.services.settings.now()), sub }, call.answer)
    },
  ),
  endpointForCaller(
    {
      ...description,
      method: 'POST',
      path: '/dev/expired-token',
      bearer: 'required',
      summary: 'An access token of the same session that ran out a minute ago',
    },
    async (call, { claims }) => {
      const { settings, signingKeys } = call.services
      const exp = toNumericDate(settings.now()) - EXPIRED_FOR_SECONDS
      const expired = { ...claims, exp, iat: exp - settings.accessTtlSeconds }
      const accessToken = signCompact(expired, signingKeys.current(), settings.accessTokenType)
      return json(200, { accessToken }, call.answer)
    },
  ),
  endpoint(
    {
      ...description,
      method: 'POST',
      path: '/dev/replay',
      bearer: 'none',
      summary: "Presents the session's previous refresh token as a thief would, and shows the answer",
      errors: ['REFRESH_INVALID'],
    },
    async (call) => {
      const refreshToken = await previousToken(call)
      if (refreshToken === null) return json(409, { detail: 'the session was never refreshed' }, call.answer)
      return json(200, await presentAsAThief(refreshToken, call), call.answer)
    },
  ),
]

async function verifyAsAnApiWould({ request, services }: Call) {
  const { settings, signingKeys } = services
  const token = bearerToken(request.headers)
  if (token === null) throw new AuthError('TOKEN_MISSING', 'an access token is needed')
  const verifier = createVerifier({
    issuer: settings.url,
    audience: [...settings.audience],
    jwks: () => signingKeys.published(),
    clockLeewaySeconds: 0,
    cache: false,
    typ: settings.accessTokenType,
    now: settings.now,
  })
  try {
    return await verifier.verify(token)
  } catch (error) {
    if (!(error instanceof VerifyError)) throw error
    const code = error.code === 'TOKEN_EXPIRED' ? 'TOKEN_EXPIRED' : 'TOKEN_INVALID'
    throw new AuthError(code, 'the API does not accept the access token', { cause: error })
  }
}

/** The spent token before the one in the cookie; null when there is none. */
async function previousToken({ request, services }: Call): Promise<string | null> {
  const [cookie = ''] = cookieValues(request.headers.get('cookie'), cookieName(services.settings.cookie))
  const claimed = parseRefreshToken(cookie)
  const owned = claimed === null ? undefined : await services.sessions.find(claimed.sessionId)
  if (claimed === null || owned === undefined || !services.tokens.proves(claimed, owned.session)) {
    throw new AuthError('REFRESH_INVALID', 'the session of this browser is needed')
  }
  if (owned.session.generation === 0) return null
  return services.tokens.issue(owned.session, owned.session.generation - 1)
}

async function presentAsAThief(refreshToken: string, { services, ip, arrival }: Call) {
  try {
    await services.refresh({
      refreshToken,
      client: 'browser',
      idempotencyKey: null,
      accessTokenSessionId: null,
      ip,
      arrival,
    })
    return { status: 200, body: null }
  } catch (error) {
    if (!(error instanceof AuthError)) throw error
    const body = toProblem(error)
    return { status: body.status, body }
  }
}
