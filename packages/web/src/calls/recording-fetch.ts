import type { Call, Credential, Journal } from './journal.ts'

const USES_THE_COOKIE = new Set(['/auth/refresh', '/auth/logout', '/dev/replay'])

export interface RecordingFetch {
  (request: Request): Promise<Response>
  /** What the next request with an access token will carry in its place: one that ran out. */
  expiredToken: string | null
}

/** The `fetch` that the client is given: it writes each call down and changes none, but for `expiredToken`. */
export function createRecordingFetch(journal: Journal): RecordingFetch {
  let lastRefused: string | null = null

  async function record(request: Request): Promise<Response> {
    const path = new URL(request.url).pathname
    const call: Call = {
      method: request.method,
      path,
      callee: path.startsWith('/dev/api/') ? 'api' : 'service',
      credential: credentialOf(request, path),
    }
    if (call.credential === 'bearer' && recordingFetch.expiredToken !== null) {
      request.headers.set('authorization', `Bearer ${recordingFetch.expiredToken}`)
      call.credential = 'expired bearer'
      recordingFetch.expiredToken = null
    }
    const name = `${call.method} ${path}`
    journal.add({ kind: 'request', call, isRepeat: lastRefused === name })
    if (lastRefused === name) lastRefused = null
    try {
      const response = await fetch(request)
      const error = await errorOf(response)
      if (error === 'TOKEN_EXPIRED') lastRefused = name
      journal.add({ kind: 'answer', call, status: response.status, ...(error !== undefined && { error }) })
      return response
    } catch (cause) {
      journal.add({ kind: 'no answer', call })
      throw cause
    }
  }

  const recordingFetch: RecordingFetch = Object.assign(record, { expiredToken: null })
  return recordingFetch
}

function credentialOf(request: Request, path: string): Credential {
  if (request.headers.has('authorization')) return 'bearer'
  return USES_THE_COOKIE.has(path) ? 'cookie' : 'none'
}

async function errorOf(response: Response): Promise<string | undefined> {
  if (response.ok) return undefined
  const body: unknown = await response
    .clone()
    .json()
    .catch(() => undefined)
  const error = (body as { error?: unknown } | null | undefined)?.error
  return typeof error === 'string' ? error : undefined
}
