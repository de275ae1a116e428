// Protects routes of Hono, on whatever runtime it runs.
// It owns no verdict: ../http judges, and this hands the request in and the answer out.

import type { AccessTokenClaims } from '@latchkey/protocol'
import type { MiddlewareHandler } from 'hono'
import { authorize, checkProtection } from '../http/authorize.ts'
import type { Requirement } from '../http/requirements.ts'
import type { Verifier } from '../verify.ts'

/** What a handler behind `protect()` finds in its context, as `c.var.auth`. */
export interface AuthEnv {
  Variables: { auth: AccessTokenClaims }
}

/**
 * Lets a request through when its access token holds and meets every requirement; answers every other one itself, by RFC 6750.
 * A fault goes to `app.onError`.
 *
 * @throws TypeError when the verifier is none, or a requirement is no function
 *
 * @example
 * app.get('/orders', protect(verifier, requireScope('orders:read')), (c) => c.json(ordersOf(c.var.auth.sub)))
 */
export function protect(
  verifier: Pick<Verifier, 'verify'>,
  ...requirements: readonly Requirement[]
): MiddlewareHandler<AuthEnv> {
  checkProtection(verifier, requirements)
  return async (c, next) => {
    const authorization = c.req.raw.headers.get('authorization')
    const verdict = await authorize(verifier, { authorization, url: c.req.url }, ...requirements)
    if (verdict.kind === 'refused') return c.body(verdict.refusal.body, verdict.refusal)
    c.set('auth', verdict.claims)
    return await next()
  }
}
