import type { ClientKind } from '@latchkey/protocol'
import { VerifyError } from '@latchkey/verifier'
import { AuthError } from '../errors.ts'
import type { Refreshed } from '../sessions/refresh.ts'
import { recognisedSession } from './bearer.ts'
import type { Call } from './endpoint.ts'

/** IETF httpapi Idempotency-Key draft; 16 to 128 visible ASCII characters. */
const IDEMPOTENCY_KEY = /^[\x21-\x7e]{16,128}$/

export const IDEMPOTENCY_HEADER = {
  'Idempotency-Key':
    '16 to 128 visible ASCII characters, stored before they are sent: a repeated attempt earns the same answer',
} as const

/** The codes that a refresh is refused with. */
export const REFRESH_ERRORS = [
  'INVALID_REQUEST',
  'REFRESH_MISSING',
  'REFRESH_INVALID',
  'REFRESH_EXPIRED',
  'REFRESH_REUSED',
  'REFRESH_SUPERSEDED',
  'SESSION_REVOKED',
  'RATE_LIMITED',
] as const

/** The refresh token of a request, and the way it came. */
export interface Presented {
  refreshToken: string
  client: ClientKind
}

/** Refreshes and counts, whichever endpoint was asked. Nothing has moved where `present` throws. */
export async function answerRefresh(
  call: Call,
  present: () => Presented,
  answer: (refreshed: Refreshed, call: Call) => Promise<Response>,
): Promise<Response> {
  const { refresh, metrics } = call.services
  try {
    const refreshed = await refresh({
      idempotencyKey: idempotencyKey(call.request.headers),
      ...present(),
      accessTokenSessionId: await accompanyingSession(call),
      ip: call.ip,
      arrival: call.arrival,
    })
    const answered = await answer(refreshed, call)
    metrics.refreshed('ok')
    return answered
  } catch (error) {
    metrics.refreshed(error instanceof AuthError ? error.code : 'INTERNAL')
    throw error
  }
}

function idempotencyKey(headers: Headers): string | null {
  const key = headers.get('idempotency-key')
  if (key !== null && !IDEMPOTENCY_KEY.test(key)) {
    throw new AuthError('INVALID_REQUEST', 'Idempotency-Key: 16 to 128 visible ASCII characters are needed')
  }
  return key
}

/** The session of the access token sent along with a refresh: one that is not good there spoils the whole. */
async function accompanyingSession({ request, services }: Call): Promise<string | null> {
  const refused = () =>
    new AuthError('REFRESH_INVALID', 'the access token sent along is not one of this session')
  try {
    const sessionId = await recognisedSession(request.headers, services)
    if (sessionId === null && services.settings.requireAccessTokenOnRefresh) throw refused()
    return sessionId
  } catch (error) {
    throw error instanceof VerifyError ? refused() : error
  }
}
