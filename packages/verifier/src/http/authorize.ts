// From the headers of a request to a verdict: who asks, or the answer that refuses them. RFC 6750
// It owns no framework and no rule of a token: the entries beside this folder hand requests in, and answers out.

import type { AccessTokenClaims } from '@latchkey/protocol'
import { VerifyError } from '../errors.ts'
import type { Verifier } from '../verify.ts'
import { type BearerRequest, readCredentials } from './bearer.ts'
import { malformed, missing, type Refusal, unverified } from './refusal.ts'
import type { Requirement } from './requirements.ts'

/** What a request earns. A refusal has what `new Response(refusal.body, refusal)` needs. */
export type Verdict = { kind: 'granted'; claims: AccessTokenClaims } | { kind: 'refused'; refusal: Refusal }

/**
 * Judges a request to a protected route: is there one access token, does it hold, and does it meet every requirement? It
 * is what `protect()` of each framework's entry calls; for a framework that has none.
 *
 * Rejects only with what is no `VerifyError`: a fault, for the framework's own error handling.
 *
 * @example
 * const verdict = await authorize(verifier, { authorization: request.headers.get('authorization'), url: request.url })
 * if (verdict.kind === 'refused') return new Response(verdict.refusal.body, verdict.refusal)
 */
export async function authorize(
  verifier: Pick<Verifier, 'verify'>,
  request: BearerRequest,
  ...requirements: readonly Requirement[]
): Promise<Verdict> {
  const credentials = readCredentials(request)
  if (credentials.kind === 'none') return refused(missing())
  if (credentials.kind === 'malformed') return refused(malformed(credentials.rule))

  try {
    const claims = await verifier.verify(credentials.token)
    for (const requirement of requirements) {
      const refusal = requirement(claims)
      if (refusal !== undefined) return refused(checkRefusal(refusal))
    }
    return { kind: 'granted', claims }
  } catch (error) {
    if (error instanceof VerifyError) return refused(unverified(error))
    throw error
  }
}

/**
 * What `protect()` was given, checked when the route is made rather than when somebody asks for it.
 *
 * @throws TypeError when the verifier is none, or a requirement is no function
 */
export function checkProtection(
  verifier: Pick<Verifier, 'verify'>,
  requirements: readonly Requirement[],
): void {
  if (typeof verifier?.verify !== 'function') throw new TypeError('protect takes a verifier first')
  if (!requirements.every((requirement) => typeof requirement === 'function')) {
    throw new TypeError('protect takes requirements after the verifier, each a function')
  }
}

/** Of one that answers `false`, or later, nobody can say whether it is met: taken for a yes, it would open the route to all. */
function checkRefusal(refusal: Refusal): Refusal {
  if (typeof refusal?.status === 'number') return refusal
  throw new TypeError('a requirement must return a refusal, or undefined where it is met')
}

function refused(refusal: Refusal): Verdict {
  return { kind: 'refused', refusal }
}
