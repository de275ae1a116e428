import { createServer, type IncomingMessage, type Server, type ServerResponse, STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import { getRequestListener } from '@hono/node-server'
import { SECURITY_HEADERS } from './answers.ts'
import type { RequestContext } from './context.ts'

const MAX_HEADER_BYTES = 16_384
const MAX_HEADERS = 100
const HEADERS_TIMEOUT_MS = 5_000
const REQUEST_TIMEOUT_MS = 10_000
/** How often Node looks for requests that are past their time. */
const TIMEOUT_CHECK_MS = 1_000
const KEEP_ALIVE_MS = 65_000

/** Headers that a request may carry once: two of them mean that somebody in between reads another one than we do. */
const SINGLE_HEADERS = new Set([
  'host',
  'authorization',
  'content-type',
  'content-length',
  'origin',
  'idempotency-key',
])

/**
 * Makes a Node HTTP server of the service's `fetch`, with limits on the time and the size of what it reads. It does
 * not listen yet.
 */
export function createNodeServer(
  fetch: (request: Request, context: RequestContext) => Promise<Response>,
): Server {
  const listener = getRequestListener(async (request, { incoming }) => {
    const { remoteAddress } = incoming.socket
    return await fetch(request, remoteAddress === undefined ? {} : { remoteAddress })
  })
  const server = createServer(
    {
      maxHeaderSize: MAX_HEADER_BYTES,
      headersTimeout: HEADERS_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
      keepAliveTimeout: KEEP_ALIVE_MS,
      connectionsCheckingInterval: TIMEOUT_CHECK_MS,
    },
    (incoming, outgoing) => {
      const refusal = refuse(incoming)
      if (refusal === null) void listener(incoming, outgoing)
      else answerRefusal(outgoing, refusal)
    },
  )
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => {
    if (socket.writable) socket.end(rawAnswer(error.code === 'HPE_HEADER_OVERFLOW' ? 431 : 400))
    else socket.destroy()
  })
  return server
}

function refuse({ rawHeaders, url = '' }: IncomingMessage): 400 | 431 | null {
  if (rawHeaders.length > 2 * MAX_HEADERS) return 431
  const seen = new Set<string>()
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = (rawHeaders[i] as string).toLowerCase()
    if (!SINGLE_HEADERS.has(name)) continue
    if (seen.has(name)) return 400
    seen.add(name)
  }
  return url.startsWith('/') || /^https?:\/\//.test(url) ? null : 400
}

function answerRefusal(outgoing: ServerResponse, status: 400 | 431): void {
  outgoing.writeHead(status, { ...SECURITY_HEADERS, ...refusalHeaders(status) })
  outgoing.end(refusalBody(status))
}

/** For what Node's parser refused, where there is no request to answer. RFC 9112 §11.2 */
function rawAnswer(status: 400 | 431): string {
  const headers = Object.entries({ ...SECURITY_HEADERS, ...refusalHeaders(status) })
  return [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    ...headers.map(([name, value]) => `${name}: ${value}`),
    '',
    refusalBody(status),
  ].join('\r\n')
}

function refusalHeaders(status: 400 | 431): Record<string, string> {
  return {
    'content-type': 'application/problem+json',
    'content-length': String(Buffer.byteLength(refusalBody(status))),
    'cache-control': 'no-store',
    connection: 'close',
  }
}

function refusalBody(status: 400 | 431): string {
  return JSON.stringify({
    type: 'urn:latchkey:error:INVALID_REQUEST',
    title: 'Invalid request',
    status,
    detail: status === 431 ? 'the headers are too large' : 'the request is not well-formed HTTP',
    error: 'INVALID_REQUEST',
  })
}
