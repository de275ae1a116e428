// Protects routes of Fastify, as a hook.
// It owns no verdict: ../http judges, and this hands the request in and the answer out.

import { authorize, checkProtection } from '../http/authorize.ts'
import { grant } from '../http/claims-of.ts'
import { type NodeMessage, readNodeMessage } from '../http/node-message.ts'
import type { Requirement } from '../http/requirements.ts'
import type { Verifier } from '../verify.ts'

export { claimsOf } from '../http/claims-of.ts'

/** What is called of Fastify's request. */
export interface FastifyHookRequest extends NodeMessage {
  raw: Pick<NodeMessage, 'rawHeaders'>
  body?: unknown
}

/** What is called of Fastify's reply. */
export interface FastifyHookReply {
  code(status: number): unknown
  headers(headers: Record<string, string>): unknown
  send(body: string): unknown
}

export type FastifyHook = (request: FastifyHookRequest, reply: FastifyHookReply) => Promise<unknown>

/**
 * Lets a request through when its access token holds and meets every requirement; answers every other one itself, by RFC 6750.
 * A fault goes to Fastify's error handling.
 *
 * As `onRequest` it answers before the body is read; as `preHandler` it also sees a token in a form.
 *
 * @throws TypeError when the verifier is none, or a requirement is no function
 *
 * @example
 * app.get('/orders', { onRequest: protect(verifier, requireScope('orders:read')) }, async (request) => {
 *   return ordersOf(claimsOf(request).sub)
 * })
 */
export function protect(
  verifier: Pick<Verifier, 'verify'>,
  ...requirements: readonly Requirement[]
): FastifyHook {
  checkProtection(verifier, requirements)
  return async (request, reply) => {
    const { url, headers, raw, body } = request
    const message = readNodeMessage({ url, headers, rawHeaders: raw.rawHeaders }, body)
    const verdict = await authorize(verifier, message, ...requirements)
    if (verdict.kind === 'granted') return grant(request, verdict.claims)
    reply.code(verdict.refusal.status)
    reply.headers(verdict.refusal.headers)
    reply.send(verdict.refusal.body)
    // Tells Fastify that the request is answered.
    return reply
  }
}
