import type { BearerRequest } from './bearer.ts'
import type { Refusal } from './refusal.ts'

/** What is read of a request of `node:http`, and of those that frameworks make of it. */
export interface NodeMessage {
  url?: string | undefined
  headers: { authorization?: string | undefined; 'content-type'?: string | undefined }
  /** Names and values in turn, as they came. */
  rawHeaders?: readonly string[] | undefined
}

/** What is called of a response of `node:http`, and of those that frameworks make of it. */
export interface NodeResponse {
  statusCode: number
  readonly headersSent: boolean
  setHeader(name: string, value: string): unknown
  end(body: string): unknown
}

/** @param body as a body parser left it, where one ran */
export function readNodeMessage(message: NodeMessage, body?: unknown): BearerRequest {
  const isForm = /^application\/x-www-form-urlencoded\b/i.test(message.headers['content-type'] ?? '')
  return { authorization: authorizationOf(message), url: message.url ?? '', form: isForm ? body : undefined }
}

export function sendRefusal(response: NodeResponse, { status, headers, body }: Refusal): void {
  // A time limit, say, has answered meanwhile. To set a header now would end the process: nobody catches there.
  if (response.headersSent) return
  response.statusCode = status
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value)
  response.end(body)
}

/** Of a doubled header Node keeps the first and drops the others without a word. */
function authorizationOf({ headers, rawHeaders = [] }: NodeMessage): string | undefined {
  const sent = rawHeaders.filter(
    (_, i) => i % 2 === 1 && rawHeaders[i - 1]?.toLowerCase() === 'authorization',
  )
  // One alone is taken from `headers`, where something before may have put another in its place.
  return sent.length > 1 ? sent.join(', ') : headers.authorization
}
