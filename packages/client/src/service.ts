import type { AuthErrorCode, Problem, SessionEndReason, Tokens } from '@latchkey/protocol'
import { AuthClientError } from './errors.ts'
import type { Settings } from './options.ts'
import type { Stored } from './record.ts'
import type { Session } from './session.ts'

export interface Answer {
  /** Without one there was no answer, and what the request did is unknown. */
  status?: number
  /** Only of a request that was granted. */
  body?: unknown
  /** Only of the right shape: a 200 from a captive portal is no session. */
  tokens?: Tokens
  /** The service's own code. A refusal without one is somebody else's: a proxy's, a captive portal's. */
  code?: AuthErrorCode
  reason?: SessionEndReason
  detail?: string
  retryAfterSeconds?: number
  cause?: unknown
}

export interface Call extends Omit<RequestInit, 'body'> {
  /** Sent as JSON. */
  body?: object
  /**
   * What stood in the record when it was made. Such a call changes the cookie, so the session's leash calls it back: no
   * late answer may bring an older cookie.
   */
  record?: Stored
}

/** Sends a request, a POST unless it says otherwise, to a path of the service. Never rejects. */
export type Service = (path: string, call: Call, send?: Settings['fetch']) => Promise<Answer>

export function createService({ baseUrl, fetch }: Settings, session: Pick<Session, 'leash'>): Service {
  /** Longest wait for one answer of the service. */
  const ANSWER_WITHIN_MS = 8000

  return async (path, { body, headers, record, ...rest }, send = fetch) => {
    const leash = new AbortController()
    if (record) session.leash = leash
    const timer = setTimeout(() => leash.abort(), ANSWER_WITHIN_MS)
    try {
      const request = new Request(baseUrl + path, {
        method: 'POST',
        headers: body ? { ...headers, 'content-type': 'application/json' } : headers,
        body: body && JSON.stringify(body),
        credentials: 'include',
        redirect: 'error',
        signal: leash.signal,
        ...rest,
      })
      return await readAnswer(await send(request))
    } catch (cause) {
      return { cause }
    } finally {
      clearTimeout(timer)
    }
  }
}

export async function readAnswer(response: Response): Promise<Answer> {
  const { status, ok, headers } = response
  const body = (await response.json().catch(() => null)) ?? {}
  const { error, reason, detail } = body as Partial<Problem>
  // The service sends seconds; a date would have to be read by the wall clock, so it is ignored.
  const retryAfterSeconds = Math.abs(Number(headers.get('retry-after'))) || 0
  return ok
    ? { status, body, tokens: body.accessToken && body.user && body }
    : {
        status,
        code: /^[A-Z_]+$/.exec(error ?? '')?.[0] as AuthErrorCode | undefined,
        reason,
        detail,
        retryAfterSeconds,
      }
}

/** What a caller of the client is told about an answer that is not the hoped-for one. */
export function errorFrom(answer: Answer): AuthClientError {
  const { code, status, cause } = answer
  // What kept a token from being renewed is told as it is, not as a failed request.
  if (cause instanceof AuthClientError) return cause
  return new AuthClientError(code ?? (status ? 'UNEXPECTED_ANSWER' : 'UNREACHABLE'), answer)
}
