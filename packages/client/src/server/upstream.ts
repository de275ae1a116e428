import { type CookieNames, cookieValues } from './jar.ts'
import type { ServerSettings } from './options.ts'

/** Who is connected to this host, as its HTTP server or framework says: no header tells it. */
export interface Peer {
  /** Without it the service takes every user's address to be this host's, and limits rates by that. */
  clientAddress?: string
}

export interface Upstream {
  /**
   * Sends a request to the service. Rejects where there is no answer in time. The answer's body may take longer, unless
   * `signal` says how long.
   */
  send(pathAndQuery: string, init: RequestInit): Promise<Response>
}

/** Longest wait for an answer. */
export const ANSWER_WITHIN_MS = 10_000

/**
 * The first-party endpoints and the published keys and metadata, in the spelling that the service uses: whatever a proxy
 * and a service could read differently, such as `..`, `%2f`, `//` and `;`, is not passed on at all.
 */
const PASSED_ON =
  /^\/(auth(\/[A-Za-z0-9_-]+)+|\.well-known\/(jwks\.json|oauth-authorization-server|openid-configuration))$/

/** A list of what is passed on, not of what is not: nothing hop-by-hop, and nothing that the service would believe. */
const REQUEST_HEADERS = [
  'accept',
  'accept-language',
  'access-control-request-headers',
  'access-control-request-method',
  'authorization',
  'content-encoding',
  'content-type',
  'idempotency-key',
  'last-event-id',
  'origin',
  'sec-fetch-site',
  'user-agent',
]

/** RFC 9110 §7.6.1; and what no longer holds once `fetch` has decoded the body. */
const NOT_HANDED_BACK = [
  'connection',
  'content-encoding',
  'content-length',
  'keep-alive',
  'proxy-authenticate',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]

/** The name that this host writes into `Via`. A request that bears it went round in a circle. RFC 9110 §7.6.3 */
const NAME = 'latchkey-host'

export function createUpstream({ serviceUrl, fetch }: ServerSettings): Upstream {
  return {
    async send(pathAndQuery, init) {
      const late = new AbortController()
      const timer = setTimeout(() => late.abort(), ANSWER_WITHIN_MS)
      try {
        const request = new Request(serviceUrl + pathAndQuery, {
          redirect: 'manual',
          signal: late.signal,
          ...init,
          // Asked for by Node.js where the body is a stream, and unknown to the types of browsers.
          ...(init.body && { duplex: 'half' }),
        })
        return await fetch(request)
      } finally {
        clearTimeout(timer)
      }
    },
  }
}

export function isPassedOn(pathname: string): boolean {
  return PASSED_ON.test(pathname)
}

export function isLoop({ headers }: Request): boolean {
  return headers.get('via')?.includes(NAME) ?? false
}

/** What of a browser's request goes to the service. Of its cookies only the service's own. */
export function passedOnHeaders(request: Request, peer: Peer, { refresh }: CookieNames): Headers {
  const headers = ownHeaders(request, peer)
  for (const name of REQUEST_HEADERS) copy(request.headers, headers, name)
  const cookies = cookieValues(request.headers.get('cookie'), refresh)
  if (cookies.length > 0) headers.set('cookie', cookies.map((value) => `${refresh}=${value}`).join('; '))
  return headers
}

/** For a request that the host makes by itself while it answers one of the browser's. */
export function ownHeaders(request: Request, { clientAddress }: Peer): Headers {
  const headers = new Headers({ via: `1.1 ${NAME}` })
  copy(request.headers, headers, 'user-agent')
  if (clientAddress !== undefined) {
    // Appended, as every proxy does: the service takes the right-most address that is not a proxy it trusts.
    const earlier = request.headers.get('x-forwarded-for')
    headers.set('x-forwarded-for', earlier === null ? clientAddress : `${earlier}, ${clientAddress}`)
  }
  return headers
}

/** The service's answer as one of this host's, with these cookies and no other. */
export function handBack(answer: Response, setCookies: readonly string[]): Response {
  const headers = new Headers(answer.headers)
  for (const name of [...NOT_HANDED_BACK, ...named(answer.headers.get('connection'))]) headers.delete(name)
  headers.delete('set-cookie')
  for (const line of setCookies) headers.append('set-cookie', line)
  return new Response(answer.body, { status: answer.status, headers })
}

/** An answer of this host's own. It has no `error`: the codes are the service's. RFC 9457 */
export function ownAnswer(status: number, title: string): Response {
  const headers = { 'content-type': 'application/problem+json', 'cache-control': 'no-store' }
  return new Response(JSON.stringify({ type: 'about:blank', title, status }), { status, headers })
}

function copy(from: Headers, to: Headers, name: string): void {
  const value = from.get(name)
  if (value !== null) to.set(name, value)
}

function named(connection: string | null): string[] {
  return (connection ?? '').split(',').flatMap((name) => (/^[\w-]+$/.test(name.trim()) ? [name.trim()] : []))
}
