import { randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse, STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import { getRequestListener } from '@hono/node-server'
import type { AuthErrorCode } from '@latchkey/protocol'
import { AuthError } from '../errors.ts'
import { NO_STORE, SECURITY_HEADERS, toProblem } from './answers.ts'
import type { RequestContext } from './context.ts'
import { toOAuthProblem } from './oauth-errors.ts'

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

/** How long a client may go on sending after it was refused. */
const LINGER_MS = 1_000

/** What is refused here never becomes a `Request`; so the rules for every answer hold here once more. */
const REFUSALS = {
  400: 'the request is not well-formed HTTP',
  404: 'there is nothing at this path',
  405: 'there is no such method here',
  408: 'the request took too long to arrive',
  417: 'no such expectation can be met',
  431: 'the headers are too large',
} as const

type RefusalStatus = keyof typeof REFUSALS

/** Dots that lead somewhere else. Left to a URL, they would reach what a gateway in front refuses by its path. */
const LEADS_ELSEWHERE = /^[^?]*\/(?:\.|%2e){1,2}(?:[/?]|$)/i

const CODES: Partial<Record<RefusalStatus, AuthErrorCode>> = { 404: 'NOT_FOUND', 405: 'METHOD_NOT_ALLOWED' }

const METHODS = 'GET, POST, DELETE, OPTIONS'

/**
 * Makes a Node HTTP server of the service's `fetch`, with limits on the time and the size of what it reads. It does
 * not listen yet.
 */
export function createNodeServer(
  fetch: (request: Request, context: RequestContext) => Promise<Response>,
): Server {
  const listener = getRequestListener(
    async (request, { incoming }) => {
      const { remoteAddress } = incoming.socket
      return await fetch(request, {
        ...(remoteAddress === undefined ? {} : { remoteAddress }),
        bodyIsMeasured: true,
        connection: incoming.socket,
      })
    },
    // `fetch` never rejects: what fails here is a target or a host that makes no URL.
    {
      errorHandler: () => {
        const { headers, body } = refusalOf(400)
        return new Response(body, { status: 400, headers })
      },
    },
  )
  const server = createServer(
    {
      maxHeaderSize: MAX_HEADER_BYTES,
      headersTimeout: HEADERS_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
      keepAliveTimeout: KEEP_ALIVE_MS,
      connectionsCheckingInterval: TIMEOUT_CHECK_MS,
      // A missing one is refused below, in our words.
      requireHostHeader: false,
    },
    (incoming, outgoing) => {
      const refusal = refuse(incoming)
      if (refusal === null) void listener(incoming, outgoing)
      else answerRefusal(incoming, outgoing, refusal)
    },
  )
  server.on('checkExpectation', (incoming: IncomingMessage, outgoing: ServerResponse) =>
    answerRefusal(incoming, outgoing, 417),
  )
  server.on('connect', (_, socket: Socket) => closeWith(socket, 405))
  server.on('clientError', (error: ParserError, socket: Socket) => closeWith(socket, statusOf(error)))
  return server
}

function refuse({ rawHeaders, url = '' }: IncomingMessage): RefusalStatus | null {
  if (rawHeaders.length > 2 * MAX_HEADERS) return 431
  const seen = new Set<string>()
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = (rawHeaders[i] as string).toLowerCase()
    if (!SINGLE_HEADERS.has(name)) continue
    if (seen.has(name)) return 400
    seen.add(name)
  }
  if (!seen.has('host')) return 400
  if (url === '*') return 405
  // No request has a fragment. RFC 9112 §3.2
  if (!/^(?:\/|https?:\/\/)[^#]*$/.test(url)) return 400
  return LEADS_ELSEWHERE.test(url) ? 404 : null
}

interface ParserError extends NodeJS.ErrnoException {
  /** What arrived last. */
  rawPacket?: Buffer
}

function statusOf({ code, rawPacket }: ParserError): RefusalStatus {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      return 431
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return 408
    case 'HPE_INVALID_METHOD':
      return isRequestLine(rawPacket) ? 405 : 400
    default:
      return 400
  }
}

/** Whether bytes begin as a request does, in all but the name of its method. */
function isRequestLine(bytes: Buffer | undefined): boolean {
  return /^[A-Z][A-Z-]* \/\S* HTTP\/1\.[01]\r\n/.test(bytes?.toString('latin1', 0, MAX_HEADER_BYTES) ?? '')
}

function answerRefusal({ url }: IncomingMessage, outgoing: ServerResponse, status: RefusalStatus): void {
  const { headers, body } = refusalOf(status, url)
  outgoing.writeHead(status, headers)
  outgoing.end(body)
}

/**
 * Answers where there is no request to answer, and closes. What the client still sends is left unread for a moment:
 * closing at once would reset the connection, and the answer would be lost. RFC 9112 §9.6
 */
function closeWith(socket: Socket, status: RefusalStatus): void {
  // Node has let go of the socket: a reset would be an error that nobody hears, and end the process.
  socket.on('error', () => {})
  if (!socket.writable) return
  const { headers, body } = refusalOf(status)
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`)
  socket.end([`HTTP/1.1 ${status} ${STATUS_CODES[status]}`, ...lines, '', body].join('\r\n'))
  setTimeout(() => socket.destroy(), LINGER_MS).unref()
}

/** @param url the request's target, where one is known: under `/oauth` errors have the shape of RFC 6749. */
function refusalOf(status: RefusalStatus, url = ''): { headers: Record<string, string>; body: string } {
  const error = new AuthError(CODES[status] ?? 'INVALID_REQUEST', REFUSALS[status])
  const isStandard = /^(https?:\/\/[^/]*)?\/oauth\//.test(url)
  const body = JSON.stringify(isStandard ? toOAuthProblem(error) : { ...toProblem(error), status })
  return {
    body,
    headers: {
      ...SECURITY_HEADERS,
      ...NO_STORE,
      ...(status === 405 ? { allow: METHODS } : {}),
      'x-request-id': randomUUID(),
      'content-type': isStandard ? 'application/json' : 'application/problem+json',
      'content-length': String(Buffer.byteLength(body)),
      connection: 'close',
    },
  }
}
