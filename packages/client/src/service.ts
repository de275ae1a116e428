import type { Problem, Tokens } from '@latchkey/protocol'
import { AuthClientError } from './errors.ts'
import type { Settings } from './options.ts'

/** Longest wait for one answer of the service. Also the longest that another tab waits for this one. */
export const ANSWER_WITHIN_MS = 10_000

export type Answer =
  | { kind: 'tokens'; tokens: Tokens }
  | { kind: 'done' }
  | { kind: 'problem'; problem: Problem; retryAfterSeconds?: number }
  /** No answer, or not one of the service's. What the request did is unknown. */
  | { kind: 'unclear'; status?: number; retryAfterSeconds?: number; cause?: unknown }

export interface Service {
  /** Posts JSON to a path of the service; never rejects. `signal` gives up early. */
  post(path: string, body: object | undefined, signal: AbortSignal, idempotencyKey?: string): Promise<Answer>
}

export function createService({ baseUrl, fetch, client }: Settings): Service {
  return {
    async post(path, body, signal, idempotencyKey) {
      const request = new Request(`${baseUrl}${path}`, {
        method: 'POST',
        headers: {
          accept: 'application/json',
          ...(body !== undefined && { 'content-type': 'application/json' }),
          ...(idempotencyKey !== undefined && { 'idempotency-key': idempotencyKey }),
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
        credentials: client === 'browser' ? 'include' : 'omit',
        cache: 'no-store',
        redirect: 'error',
        // A page that is left in the middle still gets its new cookie, and a sign-out still arrives.
        keepalive: true,
        signal: AbortSignal.any([signal, AbortSignal.timeout(ANSWER_WITHIN_MS)]),
      })
      try {
        return await readAnswer(await fetch(request))
      } catch (cause) {
        return { kind: 'unclear', cause }
      }
    },
  }
}

async function readAnswer(response: Response): Promise<Answer> {
  if (response.status === 204) return { kind: 'done' }
  const body: unknown = await response.json().catch(() => undefined)
  if (response.ok && isTokens(body)) return { kind: 'tokens', tokens: body }
  const retryAfterSeconds = readRetryAfter(response.headers.get('retry-after'))
  if (!response.ok && isProblem(body)) {
    return { kind: 'problem', problem: { ...body, status: response.status }, retryAfterSeconds }
  }
  return { kind: 'unclear', status: response.status, retryAfterSeconds }
}

/** A 200 from a captive portal is no session, and a 401 from a proxy ends none: the shape tells. */
function isTokens(body: unknown): body is Tokens {
  const tokens = body as Partial<Tokens> | null | undefined
  return (
    typeof tokens?.accessToken === 'string' &&
    typeof tokens.sessionId === 'string' &&
    typeof tokens.expiresIn === 'number' &&
    tokens.expiresIn > 0 &&
    typeof tokens.user?.id === 'string'
  )
}

function isProblem(body: unknown): body is Problem {
  const problem = body as Partial<Problem> | null | undefined
  return typeof problem?.error === 'string' && typeof problem.status === 'number'
}

/** The service sends seconds; a date would have to be read by the wall clock, so it is ignored. */
function readRetryAfter(text: string | null): number | undefined {
  return text !== null && /^\d{1,6}$/.test(text) ? Number(text) : undefined
}

/** What a caller of the client is told about an answer that is not the hoped-for one. */
export function errorFrom(answer: Answer): AuthClientError {
  if (answer.kind === 'problem') {
    const { error, status, reason, detail, title } = answer.problem
    const { retryAfterSeconds } = answer
    return new AuthClientError(error, detail ?? title ?? error, { status, reason, retryAfterSeconds })
  }
  if (answer.kind === 'unclear' && answer.status === undefined) {
    return new AuthClientError('UNREACHABLE', 'the service did not answer', { cause: answer.cause })
  }
  const details = answer.kind === 'unclear' ? answer : {}
  return new AuthClientError('UNEXPECTED_ANSWER', 'the answer is not one of the service', details)
}
