import type { Settings } from './options.ts'
import type { Refresher } from './refresh.ts'
import type { Session } from './session.ts'

/** The type of the platform's own `fetch`. */
export type Fetch = (input: string | URL | Request, init?: RequestInit) => Promise<Response>

/**
 * A `fetch` that signs requests to the known origins and hands every other one on untouched, as it does one that
 * already has an `Authorization`. A body that can be read once is split before it is sent; the second half waits,
 * in memory, until the status is known.
 */
export function createAuthorizedFetch(
  settings: Settings,
  session: Session,
  tokens: Refresher,
  pageUrl: string | undefined,
): Fetch {
  return async (input, init) => {
    const target = typeof input === 'string' ? new URL(input, pageUrl ?? settings.baseUrl) : input
    const request = new Request(target, init)
    const isKnown = settings.origins.has(new URL(request.url).origin)
    if (!isKnown || request.headers.has('authorization')) return settings.fetch(request)

    const token = await tokens.current()
    if (token === null) return settings.fetch(request)
    const userId = session.held?.user.id
    const spare = request.clone()
    const response = await settings.fetch(withBearer(request, token))

    const renewed = (await isWornOut(response)) ? await tokens.after(token) : null
    // Another tab may have signed in as somebody else meanwhile: this request is not theirs to make.
    if (renewed === null || session.held?.user.id !== userId) {
      discard(spare.body)
      return response
    }
    discard(response.body)
    return settings.fetch(withBearer(spare, renewed))
  }
}

function withBearer(request: Request, token: string): Request {
  request.headers.set('authorization', `Bearer ${token}`)
  return request
}

/** Expired: to be renewed. Revoked: the same question to the service says for good that the session is over. */
async function isWornOut(response: Response): Promise<boolean> {
  if (response.status !== 401 || !response.headers.get('content-type')?.includes('json')) return false
  const body: unknown = await response
    .clone()
    .json()
    .catch(() => undefined)
  const code = (body as { error?: unknown } | null | undefined)?.error
  return code === 'TOKEN_EXPIRED' || code === 'TOKEN_REVOKED'
}

function discard(body: ReadableStream | null | undefined) {
  body?.cancel().catch(() => undefined)
}
