import { createServer, type IncomingHttpHeaders, type Server } from 'node:http'

/** An API that leaves tokens to the gateway in front of it, and answers with what reached it. */
export function createApi(): Server {
  return createServer(({ url, headers }, answer) => {
    answer.writeHead(200, { 'content-type': 'application/json' })
    answer.end(
      `${JSON.stringify({ path: url, user: headers['x-user'], headers: withoutSecrets(headers) })}\n`,
    )
  })
}

/** The gateways here take the token off. Should one pass it on, it is still not for a screen. */
function withoutSecrets(headers: IncomingHttpHeaders): IncomingHttpHeaders {
  return headers.authorization === undefined ? headers : { ...headers, authorization: '(a token)' }
}
