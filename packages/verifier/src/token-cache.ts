import type { AccessTokenClaims } from '@latchkey/protocol'
import type { VerificationKey } from './keys/jwk.ts'
import { Recent } from './recent.ts'
import type { Names } from './revocations/revoked.ts'

/** A token of which everything was found to hold, but for its revocation. */
export interface VerifiedToken {
  claims: AccessTokenClaims
  /** What it can be revoked by. */
  names: Names
  /** The key that its signature held against. */
  key: VerificationKey
}

/**
 * Tokens that were verified, each by its whole text: a hash or a part of it could answer for another token. Nothing that was refused is
 * kept, so only who can sign can put anything here, and no refusal outlives its reason.
 */
export class TokenCache {
  readonly #tokens: Recent<VerifiedToken>
  readonly #leewaySeconds: number
  hits = 0
  misses = 0

  constructor(maxTokens: number, clockLeewaySeconds: number) {
    this.#tokens = new Recent(maxTokens)
    this.#leewaySeconds = clockLeewaySeconds
  }

  get size(): number {
    return this.#tokens.size
  }

  /** What is known of a token whose times still hold at `now`, in seconds; its key and its revocation are the caller's to check. */
  find(token: string, now: number): VerifiedToken | undefined {
    const verified = this.#tokens.get(token)
    if (verified === undefined || !isTimely(verified.claims, now, this.#leewaySeconds)) {
      this.misses++
      return undefined
    }
    this.hits++
    return verified
  }

  add(token: string, verified: VerifiedToken): void {
    this.#tokens.set(token, verified)
  }

  delete(token: string): void {
    this.#tokens.delete(token)
  }
}

/** Also whether its beginning has passed: a clock may have been set back since. */
function isTimely({ exp, iat, nbf = iat }: AccessTokenClaims, now: number, leeway: number): boolean {
  return exp > now - leeway && iat <= now + leeway && nbf <= now + leeway
}
