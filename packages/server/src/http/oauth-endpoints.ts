import type { ClientKind } from '@latchkey/protocol'
import { VerifyError } from '@latchkey/verifier'
import { AuthError } from '../errors.ts'
import { json } from './answers.ts'
import { callerOf } from './bearer.ts'
import { type ClientCredentials, type ClientFields, clientCredentials } from './client-credentials.ts'
import { type Call, type Endpoint, endpointWithBody } from './endpoint.ts'
import { OAuthError, UnknownClientError } from './oauth-errors.ts'
import { answerRefresh, IDEMPOTENCY_HEADER, REFRESH_ERRORS } from './refreshing.ts'
import { answerOAuthTokens } from './tokens-answer.ts'

/** The sessions' own clients, by their `client_id`. They are public: none of them has a secret. RFC 6749 §2.1 */
const FIRST_PARTY: Readonly<Record<string, ClientKind>> = {
  'latchkey-native': 'native',
  'latchkey-browser': 'browser',
}

export const oauthEndpoints: readonly Endpoint[] = [
  endpointWithBody(
    {
      method: 'POST',
      path: '/oauth/token',
      summary: 'Refresh a native session (RFC 6749 §6), by the same rotation as /auth/refresh',
      group: 'Standard',
      bearer: 'optional',
      basic: 'optional',
      body: { schema: 'TokenRequest', form: 'only', required: true },
      headers: IDEMPOTENCY_HEADER,
      answers: { status: 200, schema: 'OAuthTokens' },
      errors: [...REFRESH_ERRORS, 'INVALID_CREDENTIALS'],
      oauthErrors: ['unsupported_grant_type', 'invalid_scope'],
    },
    async (call, body) =>
      await answerRefresh(
        call,
        () => {
          checkGrant(body.grant_type)
          checkNativeClient(call, body)
          // No session was granted a scope, so none can be asked for again. RFC 6749 §6
          if (body.scope !== undefined) throw new OAuthError('invalid_scope', 'no scope can be asked for')
          if (body.refresh_token === undefined) {
            throw new AuthError('REFRESH_MISSING', 'refresh_token is needed')
          }
          return { refreshToken: body.refresh_token, client: 'native' }
        },
        answerOAuthTokens,
      ),
  ),
  endpointWithBody(
    {
      method: 'POST',
      path: '/oauth/revoke',
      summary:
        'Refuse a token from now on (RFC 7009): a refresh token ends its session, an access token only itself',
      group: 'Standard',
      bearer: 'none',
      basic: 'optional',
      body: { schema: 'RevocationRequest', form: 'only', required: true },
      answers: { status: 200, mediaType: 'application/json' },
      errors: ['INVALID_REQUEST', 'INVALID_CREDENTIALS'],
    },
    async (call, body) => {
      const client = kindOf(clientCredentials(call.request.headers, body))
      await revoke(tokenOf(body), client, call)
      return json(200, {}, call.answer)
    },
  ),
  endpointWithBody(
    {
      method: 'POST',
      path: '/oauth/introspect',
      summary: 'What an access token is worth now (RFC 7662), for registered services',
      group: 'Standard',
      bearer: 'none',
      basic: 'required',
      body: { schema: 'IntrospectionRequest', form: 'only', required: true },
      answers: { status: 200, schema: 'Introspection' },
      errors: ['INVALID_REQUEST', 'INVALID_CREDENTIALS', 'RATE_LIMITED'],
    },
    async (call, body) => {
      const service = await call.services.registry.authenticate(call.request.headers, call.ip, body)
      if (service === null) throw new UnknownClientError(clientCredentials(call.request.headers, body))
      return json(200, await introspect(tokenOf(body), service.audience, call), call.answer)
    },
  ),
]

function checkGrant(grantType: string | undefined): void {
  if (grantType === undefined) throw new AuthError('INVALID_REQUEST', 'grant_type is needed')
  if (grantType !== 'refresh_token') {
    throw new OAuthError('unsupported_grant_type', 'the one grant type here is refresh_token')
  }
}

/** Sessions of browsers are refreshed by their cookie alone. */
function checkNativeClient(call: Call, fields: ClientFields): void {
  const given = clientCredentials(call.request.headers, fields)
  if (kindOf(given) === 'browser') throw new UnknownClientError(given)
}

/** The kind of the first-party client that a request says it is from; null where it does not say. */
function kindOf(given: ClientCredentials): ClientKind | null {
  if (given.via === 'nothing') return null
  const kind = Object.hasOwn(FIRST_PARTY, given.id) ? FIRST_PARTY[given.id] : undefined
  if (kind === undefined || given.secret !== '') throw new UnknownClientError(given)
  return kind
}

/** A hint would only say where to look first, and there is nothing to gain: the two kinds of token look different. */
function tokenOf({ token }: { token?: string | undefined }): string {
  if (token === undefined) throw new AuthError('INVALID_REQUEST', 'token is needed')
  return token
}

/** Whoever has a token may end it. What is unknown, spent or of another client changes nothing. RFC 7009 §2.1 */
async function revoke(token: string, client: ClientKind | null, { services }: Call): Promise<void> {
  await services.sessions.endByRefreshToken(token, client)
  try {
    const { client_id, jti, exp } = await services.accessTokens.verify(token)
    if (client !== null && FIRST_PARTY[client_id] !== client) return
    await services.revocations.revokeToken({ jti, expiresAt: exp * 1000 }, services.settings.now())
  } catch (error) {
    if (!(error instanceof VerifyError)) throw error
  }
}

/** All that is wrong with a token is told in one word. RFC 7662 §2.2 */
async function introspect(token: string, audience: string | null, { services }: Call): Promise<object> {
  try {
    const { claims } = await callerOf(token, services)
    const isForService = audience === null || [claims.aud].flat().includes(audience)
    return isForService ? { ...claims, active: true, token_type: 'Bearer' } : { active: false }
  } catch (error) {
    if (error instanceof AuthError && error.code.startsWith('TOKEN_')) return { active: false }
    throw error
  }
}
