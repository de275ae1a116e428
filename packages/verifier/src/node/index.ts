// Protects handlers of plain node:http.
// It owns no verdict: ../http judges, and this hands the request in and the answer out.

import { authorize } from '../http/authorize.ts'
import { grant } from '../http/claims-of.ts'
import { type NodeMessage, readNodeMessage } from '../http/node-message.ts'
import type { Requirement } from '../http/requirements.ts'
import type { Verifier } from '../verify.ts'

export { claimsOf } from '../http/claims-of.ts'

/** What is called of the response of `node:http`. */
export interface NodeResponse {
  writeHead(status: number, headers: Record<string, string>): unknown
  end(body: string): unknown
}

/**
 * Makes handlers that run only when the request's access token holds and meets every requirement; every other request is answered
 * here, by RFC 6750. What the protected handler returns rejects with a fault of the verifier, or of the handler.
 *
 * @example
 * const listOrders = protect(verifier, requireScope('orders:read'))((request, response) => {
 *   response.end(JSON.stringify(ordersOf(claimsOf(request).sub)))
 * })
 */
export function protect(
  verifier: Pick<Verifier, 'verify'>,
  ...requirements: readonly Requirement[]
): <Request extends NodeMessage, Response extends NodeResponse>(
  handler: (request: Request, response: Response) => unknown,
) => (request: Request, response: Response) => Promise<void> {
  return (handler) => async (request, response) => {
    const verdict = await authorize(verifier, readNodeMessage(request), ...requirements)
    if (verdict.kind === 'granted') {
      grant(request, verdict.claims)
      await handler(request, response)
      return
    }
    const { status, headers, body } = verdict.refusal
    response.writeHead(status, headers)
    response.end(body)
  }
}
