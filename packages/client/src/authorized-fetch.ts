import type { Settings } from './options.ts'
import type { Refresher } from './refresh.ts'
import { readAnswer } from './service.ts'
import type { Session } from './session.ts'

/** The type of the platform's own `fetch`. */
export type Fetch = (input: string | URL | Request, init?: RequestInit) => Promise<Response>

/**
 * A `fetch` that signs requests to the known origins and hands every other one on untouched, as it does one that
 * already has an `Authorization`. A body that can be read once is split before it is sent; the second half waits,
 * in memory, until the status is known.
 */
export function createAuthorizedFetch(
  { origins, fetch, pageUrl }: Pick<Settings, 'origins' | 'fetch' | 'pageUrl'>,
  session: Pick<Session, 'held'>,
  tokens: Pick<Refresher, 'current'>,
): Fetch {
  return async (input, init) => {
    const request = new Request(input instanceof Request ? input : new URL(input, pageUrl), init)
    const { signal } = request
    // No token then. The renewal goes on, for others wait for it too.
    const calledOff = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()))
    const mayCarry =
      !signal.aborted && origins.has(new URL(request.url).origin) && !request.headers.has('authorization')
    const owner = () => session.held?.user.id
    const before = owner()
    const token = mayCarry && (await Promise.race([tokens.current(), calledOff]))
    const userId = before ?? owner()
    const isTheirs = () => (owner() ?? userId) === userId
    // Another tab may have signed in as somebody else meanwhile: this request is not theirs to make. And where it was
    // called off, it is for the platform's fetch to say so.
    if (!token || !isTheirs()) return fetch(request)

    const spare = request.clone()
    const response = await fetch(withBearer(request, token))
    const renewed = (await isWornOut(response)) && (await Promise.race([tokens.current(token), calledOff]))
    const isRepeated = signal.aborted || (renewed && isTheirs())
    return isRepeated ? fetch(withBearer(spare, renewed || token)) : response
  }
}

function withBearer(request: Request, token: string): Request {
  request.headers.set('authorization', `Bearer ${token}`)
  return request
}

/** Expired: to be renewed. Revoked: the same question to the service says for good that the session is over. */
async function isWornOut(response: Response): Promise<boolean> {
  if (response.status !== 401) return false
  const { code } = await readAnswer(response.clone())
  return code === 'TOKEN_EXPIRED' || code === 'TOKEN_REVOKED'
}
