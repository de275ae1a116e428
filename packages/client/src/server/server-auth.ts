import { cookieNames, readJar } from './jar.ts'
import { readServerOptions, type ServerAuthOptions } from './options.ts'
import { createRefreshing } from './refresh.ts'
import { createUpstream, isLoop, isPassedOn, ownAnswer, type Peer, passedOnHeaders } from './upstream.ts'
import { createVisits, type ServerVisit } from './visit.ts'

/** Both functions may be taken off the object. */
export interface ServerAuth {
  /**
   * Passes a request for `/auth/*`, or for the published keys and metadata under `/.well-known/`, on to the service, and
   * its answer back. Any other path is 404. Never rejects: a service that does not answer is 502.
   */
  handle(request: Request, peer?: Peer): Promise<Response>
  /** Begins the answer to a request whose loaders want the user's token. Sends nothing until one asks. */
  open(request: Request, peer?: Peer): ServerVisit
}

/**
 * The part of a server that renders pages for signed-in users. Make one and keep it.
 *
 * @throws TypeError naming the option when one is missing or out of its range.
 */
export function createServerAuth(options: ServerAuthOptions): ServerAuth {
  const settings = readServerOptions(options)
  const names = cookieNames(settings.cookieName)
  const upstream = createUpstream(settings)
  const refreshing = createRefreshing(settings, names, upstream)

  async function handle(request: Request, peer: Peer = {}): Promise<Response> {
    const { pathname, search } = new URL(request.url)
    if (!isPassedOn(pathname)) return ownAnswer(404, 'Not Found')
    if (isLoop(request)) return ownAnswer(508, 'Loop Detected: serviceUrl leads back to this host')
    const headers = passedOnHeaders(request, peer, names)
    const { refreshToken, ...jar } = readJar(request.headers.get('cookie'), names)
    try {
      if (pathname === '/auth/refresh' && request.method === 'POST' && refreshToken !== undefined) {
        // The cookie says it all; a body could not be sent twice.
        headers.delete('content-type')
        return await refreshing.refresh({ ...jar, refreshToken }, headers)
      }
      const body = hasBody(request) ? request.body : null
      const answer = await upstream.send(pathname + search, { method: request.method, headers, body })
      return await refreshing.keep(answer, { kind: 'opened' })
    } catch {
      return ownAnswer(502, 'Bad Gateway')
    }
  }

  return { handle, open: createVisits(settings, names, refreshing) }
}

/** A POST without a body may come with an empty stream; one without a type is none that the service reads. */
function hasBody({ body, headers }: Request): boolean {
  return body !== null && headers.get('content-length') !== '0' && headers.has('content-type')
}
