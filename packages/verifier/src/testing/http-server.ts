// What the tests stand on: a real HTTP server, an issuer with real keys, a verifier whose clock is set.
// It owns no rule of the verifier, and nothing outside the tests imports it.

import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface TestServer extends AsyncDisposable {
  origin: string
  /** Every path that was asked for, in order. */
  requests: string[]
  /** Replaces how it answers. */
  answer: (request: IncomingMessage, response: ServerResponse) => void
}

/** A real HTTP server on a free port of the loopback address; closes at the end of the scope that declares it with `using`. */
export async function startServer(answer: TestServer['answer']): Promise<TestServer> {
  const requests: string[] = []
  const http = createServer((request, response) => {
    requests.push(request.url ?? '')
    server.answer(request, response)
  })
  http.listen(0, '127.0.0.1')
  await once(http, 'listening')

  const server: TestServer = {
    origin: `http://127.0.0.1:${(http.address() as AddressInfo).port}`,
    requests,
    answer,
    async [Symbol.asyncDispose]() {
      http.closeAllConnections()
      http.close()
      await once(http, 'close')
    },
  }
  return server
}

export function answerJson(value: unknown): TestServer['answer'] {
  return (_, response) => {
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify(value))
  }
}

export function answerStatus(status: number): TestServer['answer'] {
  return (_, response) => {
    response.statusCode = status
    response.end()
  }
}
