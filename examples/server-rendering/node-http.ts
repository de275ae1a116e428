// Between node:http and the standard Request and Response. A framework does this for you.

import { once } from 'node:events'
import type { IncomingMessage, RequestListener, Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { ReadableStream } from 'node:stream/web'
import type { Peer } from '@latchkey/client/server'

export function listener(answer: (request: Request, peer: Peer) => Promise<Response>): RequestListener {
  return async (incoming, outgoing) => {
    try {
      const response = await answer(toRequest(incoming), { clientAddress: incoming.socket.remoteAddress })
      // A flat list, in which each Set-Cookie stays a line of its own.
      outgoing.writeHead(response.status, [...response.headers].flat())
      await pipeline(
        response.body === null ? [] : Readable.fromWeb(response.body as ReadableStream),
        outgoing,
      )
    } catch (error) {
      if (!outgoing.headersSent) outgoing.writeHead(error instanceof TypeError ? 400 : 500)
      outgoing.end()
    }
  }
}

/** Listens on this machine alone, and says where. 0 picks a free port. */
export async function listen(server: Server, port: number): Promise<string> {
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  return `http://localhost:${(server.address() as AddressInfo).port}`
}

/** Of the URL only the path is the request's own: who asked for which host is the browser's claim. */
function toRequest(incoming: IncomingMessage): Request {
  const { method = 'GET', url = '/' } = incoming
  const hasBody = method !== 'GET' && method !== 'HEAD'
  const init = {
    method,
    headers: Object.entries(incoming.headersDistinct).flatMap(([name, values = []]) =>
      values.map((value): [string, string] => [name, value]),
    ),
    body: hasBody ? Readable.toWeb(incoming) : null,
    duplex: 'half',
  }
  return new Request(`http://localhost${url}`, init as RequestInit)
}
