import type { SessionInfo } from '@latchkey/protocol'
import { VerifyError } from '@latchkey/verifier'
import { toUser } from '../accounts/service.ts'
import { AuthError } from '../errors.ts'
import { endOf } from '../sessions/rules.ts'
import type { Session } from '../sessions/session.ts'
import { toTimestamp } from '../time.ts'
import { json, noContent } from './answers.ts'
import { type Caller, recognisedSession } from './bearer.ts'
import type { Services } from './context.ts'
import { cookieName, cookieValues, expiredCookie } from './cookies.ts'
import { deviceName } from './device-name.ts'
import { type Call, type Endpoint, endpointForCaller, endpointWithBody } from './endpoint.ts'
import { answerRefresh, IDEMPOTENCY_HEADER, type Presented, REFRESH_ERRORS } from './refreshing.ts'
import { answerTokens } from './tokens-answer.ts'

export const sessionEndpoints: readonly Endpoint[] = [
  endpointWithBody(
    {
      method: 'POST',
      path: '/auth/refresh',
      summary: 'Rotate the refresh token and get a new access token',
      group: 'Sessions',
      bearer: 'optional',
      body: { schema: 'RefreshRequest', form: false, required: false },
      headers: IDEMPOTENCY_HEADER,
      answers: { status: 200, schema: 'Tokens' },
      errors: REFRESH_ERRORS,
    },
    async (call, body) =>
      await answerRefresh(
        call,
        () => presentedToken(call, body.refreshToken),
        (refreshed) => answerTokens(200, refreshed, call),
      ),
  ),
  endpointWithBody(
    {
      method: 'POST',
      path: '/auth/logout',
      summary: 'End the session',
      group: 'Sessions',
      bearer: 'optional',
      body: { schema: 'LogoutRequest', form: false, required: false },
      answers: { status: 204 },
      errors: ['INVALID_REQUEST'],
    },
    async (call, { refreshToken }) => {
      const { request, services } = call
      const tokens = [
        ...sessionCookies(request.headers, services),
        ...(refreshToken === undefined ? [] : [refreshToken]),
      ]
      for (const token of tokens) await services.sessions.endByRefreshToken(token)
      const sessionId = await bearerSession(call)
      if (sessionId !== null) await services.sessions.endBySessionId(sessionId)
      return noContent({ ...call.answer, 'set-cookie': expiredCookie(services.settings.cookie) })
    },
  ),
  endpointForCaller(
    {
      method: 'GET',
      path: '/auth/me',
      summary: 'The user and the session of the access token',
      group: 'Sessions',
      bearer: 'required',
      answers: { status: 200, schema: 'Me' },
      errors: [],
    },
    async (call, caller) => {
      return json(
        200,
        { user: toUser(caller.account), session: toInfo(caller.session, caller, call) },
        call.answer,
      )
    },
  ),
  endpointForCaller(
    {
      method: 'GET',
      path: '/auth/sessions',
      summary: "The user's live sessions, the most recently used first",
      group: 'Sessions',
      bearer: 'required',
      answers: { status: 200, schema: 'Sessions' },
      errors: [],
    },
    async (call, caller) => {
      const sessions = await call.services.sessions.list(caller.account.id)
      return json(200, { sessions: sessions.map((session) => toInfo(session, caller, call)) }, call.answer)
    },
  ),
  endpointForCaller(
    {
      method: 'DELETE',
      path: '/auth/sessions/:id',
      summary: "End one of the user's sessions",
      group: 'Sessions',
      bearer: 'required',
      answers: { status: 204 },
      errors: ['NOT_FOUND'],
    },
    async (call, { account }) => {
      await call.services.sessions.end(account.id, call.params.id ?? '', 'revoked_by_user')
      return noContent(call.answer)
    },
  ),
  endpointForCaller(
    {
      method: 'DELETE',
      path: '/auth/sessions',
      summary: "End the user's other sessions",
      group: 'Sessions',
      bearer: 'required',
      query: { all: '`true` ends the current session too' },
      answers: { status: 204 },
      errors: ['INVALID_REQUEST'],
    },
    async (call, { account, session }) => {
      const except = endsAll(call.query) ? null : session.id
      await call.services.sessions.endAll(account.id, except, 'revoked_by_user')
      return noContent(call.answer)
    },
  ),
]

/** The one refresh token that a request presents. */
function presentedToken({ request, services }: Call, bodyToken: string | undefined): Presented {
  const [cookie, ...more] = sessionCookies(request.headers, services)
  if (cookie !== undefined && bodyToken !== undefined) {
    throw new AuthError('INVALID_REQUEST', 'a refresh token came both as a cookie and in the body')
  }
  // Somebody planted a second cookie; which one the user meant cannot be told. RFC 6265bis §8.6
  if (more.length > 0) throw new AuthError('REFRESH_INVALID', 'the cookie came more than once')
  if (bodyToken !== undefined) return { refreshToken: bodyToken, client: 'native' }
  if (cookie !== undefined) return { refreshToken: cookie, client: 'browser' }
  throw new AuthError('REFRESH_MISSING', 'a refresh token is needed')
}

/** The session of the access token sent along with a sign-out: one that is not good changes nothing. */
async function bearerSession({ request, services }: Call): Promise<string | null> {
  try {
    return await recognisedSession(request.headers, services)
  } catch (error) {
    if (error instanceof VerifyError) return null
    throw error
  }
}

function sessionCookies(headers: Headers, { settings }: Services): string[] {
  return cookieValues(headers.get('cookie'), cookieName(settings.cookie))
}

function endsAll(query: URLSearchParams): boolean {
  const all = query.get('all') ?? 'false'
  if (all !== 'true' && all !== 'false') throw new AuthError('INVALID_REQUEST', 'all: must be true or false')
  return all === 'true'
}

function toInfo(session: Session, caller: Caller, { services }: Call): SessionInfo {
  return {
    id: session.id,
    current: session.id === caller.session.id,
    client: session.client,
    createdAt: toTimestamp(session.createdAt),
    lastUsedAt: toTimestamp(session.lastUsedAt),
    expiresAt: toTimestamp(endOf(session, services.settings)),
    ip: session.ip,
    userAgent: session.userAgent,
    device: session.userAgent === null ? null : deviceName(session.userAgent),
  }
}
