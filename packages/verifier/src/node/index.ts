// Protects handlers of plain node:http.
// It owns no verdict: ../http judges, and this hands the request in and the answer out.

import { authorize, checkProtection } from '../http/authorize.ts'
import { grant } from '../http/claims-of.ts'
import { type NodeMessage, type NodeResponse, readNodeMessage, sendRefusal } from '../http/node-message.ts'
import type { Requirement } from '../http/requirements.ts'
import type { Verifier } from '../verify.ts'

export { claimsOf } from '../http/claims-of.ts'

/**
 * Makes handlers that run only when the request's access token holds and meets every requirement; every other request is answered
 * here, by RFC 6750. What it returns rejects with a fault of the verifier or of the handler.
 *
 * @throws TypeError when the verifier is none, or a requirement is no function
 *
 * @example
 * createServer(protect(verifier, requireScope('orders:read'))(listOrders)).listen(3001)
 *
 * function listOrders(request: IncomingMessage, response: ServerResponse) {
 *   response.end(JSON.stringify(ordersOf(claimsOf(request).sub)))
 * }
 */
export function protect(
  verifier: Pick<Verifier, 'verify'>,
  ...requirements: readonly Requirement[]
): <Request extends NodeMessage, Response extends NodeResponse>(
  handler: (request: Request, response: Response) => unknown,
) => (request: Request, response: Response) => Promise<void> {
  checkProtection(verifier, requirements)
  return (handler) => async (request, response) => {
    const verdict = await authorize(verifier, readNodeMessage(request), ...requirements)
    if (verdict.kind === 'refused') return sendRefusal(response, verdict.refusal)
    grant(request, verdict.claims)
    await handler(request, response)
  }
}
