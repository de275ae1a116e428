import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'

/** What becomes of one request, instead of reaching the service and its answer coming back at once. */
export type Fate =
  | undefined
  /** The connection is cut before the service hears of it. */
  | 'request lost'
  /** The service does its work, and the connection is cut in the place of the answer. */
  | 'answer lost'
  /** It is on its way until this resolves, and gets no further when it was called back meanwhile. */
  | { requestHeldBy: Promise<unknown> }
  /** The service does its work at once; the answer comes when this resolves. */
  | { answerHeldBy: Promise<unknown> }
  /** Somebody on the way answers. */
  | { status: number; headers?: Record<string, string>; body?: string }

export interface Passed {
  method: string
  path: string
  key: string | undefined
  /** `undefined` until the service has answered. */
  status: number | undefined
}

/** The network between browsers and a service: it counts, and it fails as networks do. */
export interface Wire {
  url: string
  port: number
  passed: Passed[]
  refreshes(): Passed[]
  /** Asked for each request as it comes. */
  fate(request: { method: string; path: string }): Fate
  /** Where the requests go from now on. */
  service: string
  /** Paths that it answers itself, with what: an app beside the service. */
  files: Map<string, { type: string; body: string }>
}

export async function startWire(): Promise<Wire> {
  const server = createServer((incoming, answer) => {
    // A client that has gone away is its own affair.
    incoming.on('error', () => undefined)
    answer.on('error', () => undefined)
    void pass(wire, incoming, answer)
  })
  await listen(server)
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  const wire: Wire = {
    url: `http://localhost:${port}`,
    port,
    passed: [],
    refreshes: () => wire.passed.filter(({ path }) => path === '/auth/refresh'),
    fate: () => undefined,
    service: '',
    files: new Map(),
  }
  return wire
}

async function pass(wire: Wire, incoming: IncomingMessage, answer: ServerResponse): Promise<void> {
  // A connection that is cut must not be one that was used before, or the browser repeats the request by itself.
  answer.setHeader('connection', 'close')
  const path = incoming.url ?? '/'
  const method = incoming.method ?? 'GET'
  const file = wire.files.get(path)
  if (file !== undefined) {
    answer.writeHead(200, { 'content-type': file.type, 'cache-control': 'no-store' }).end(file.body)
    return
  }
  const key = incoming.headers['idempotency-key'] as string | undefined
  const passed: Passed = { method, path, key, status: undefined }
  wire.passed.push(passed)
  const fate = wire.fate({ method, path })
  if (fate === 'request lost') return void incoming.socket.destroy()
  if (typeof fate === 'object' && 'status' in fate) {
    passed.status = fate.status
    incoming.resume()
    return void answer.writeHead(fate.status, fate.headers).end(fate.body)
  }
  if (typeof fate === 'object' && 'requestHeldBy' in fate) {
    await fate.requestHeldBy
    if (incoming.socket.destroyed) return
  }
  const onward = request(
    `${wire.service}${path}`,
    { method, headers: incoming.headers },
    async (response) => {
      passed.status = response.statusCode
      response.on('error', () => answer.destroy())
      if (fate === 'answer lost') {
        response.resume()
        return void incoming.socket.destroy()
      }
      if (typeof fate === 'object' && 'answerHeldBy' in fate) await fate.answerHeldBy
      answer.writeHead(response.statusCode ?? 502, { ...response.headers, connection: 'close' })
      response.pipe(answer)
    },
  )
  // A service that is away: the connection is refused, so the browser's is cut.
  onward.on('error', () => incoming.socket.destroy())
  incoming.pipe(onward)
}

function listen(server: Server): Promise<void> {
  return new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
}
