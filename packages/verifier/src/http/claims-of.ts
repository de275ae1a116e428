import type { AccessTokenClaims } from '@latchkey/protocol'

/** Beside the requests rather than on them: no framework's type has to be widened, and nothing else can write here. */
const granted = new WeakMap<object, AccessTokenClaims>()

export function grant(request: object, claims: AccessTokenClaims): void {
  granted.set(request, claims)
}

/**
 * The claims of the access token that opened this route.
 *
 * @throws TypeError when `protect()` does not stand before the route: a mistake in the app, whoever asks
 */
export function claimsOf(request: object): AccessTokenClaims {
  const claims = granted.get(request)
  if (!claims) throw new TypeError('claimsOf() needs a route that protect() stands before')
  return claims
}
