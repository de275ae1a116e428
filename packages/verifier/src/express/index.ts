// Protects routes of Express 4 and 5, and of whatever else calls (request, response, next).
// It owns no verdict: ../http judges, and this hands the request in and the answer out.

import { authorize, checkProtection } from '../http/authorize.ts'
import { grant } from '../http/claims-of.ts'
import { type NodeMessage, type NodeResponse, readNodeMessage, sendRefusal } from '../http/node-message.ts'
import type { Requirement } from '../http/requirements.ts'
import type { Verifier } from '../verify.ts'

export { claimsOf } from '../http/claims-of.ts'

/** What is called of Express's request. */
export interface ExpressRequest extends NodeMessage {
  body?: unknown
}

export type ExpressMiddleware = (
  request: ExpressRequest,
  response: NodeResponse,
  next: (error?: unknown) => void,
) => void

/**
 * Lets a request through when its access token holds and meets every requirement; answers every other one itself, by RFC 6750.
 * A fault goes to Express's error handling.
 *
 * @throws TypeError when the verifier is none, or a requirement is no function
 *
 * @example
 * app.get('/orders', protect(verifier, requireScope('orders:read')), (request, response) => {
 *   response.json(ordersOf(claimsOf(request).sub))
 * })
 */
export function protect(
  verifier: Pick<Verifier, 'verify'>,
  ...requirements: readonly Requirement[]
): ExpressMiddleware {
  checkProtection(verifier, requirements)
  return (request, response, next) => {
    const verdict = authorize(verifier, readNodeMessage(request, request.body), ...requirements)
    // Express 4 does not look at a promise that it is given.
    verdict.then((verdict) => {
      if (verdict.kind === 'refused') return sendRefusal(response, verdict.refusal)
      grant(request, verdict.claims)
      next()
    }, next)
  }
}
