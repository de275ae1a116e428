import { keysUnavailable } from '../errors.ts'
import { isJsonObject } from '../token/json.ts'
import type { JsonWebKeySet } from './jwk.ts'

/** Where an issuer's current keys come from. Rejects only with KEYS_UNAVAILABLE. */
export interface KeySource {
  current(): Promise<JsonWebKeySet>
  /** For a key that is not in the current set: the set as it is published now, or `undefined` where current is current. */
  renewed(): Promise<JsonWebKeySet | undefined>
}

/** Keys that the caller holds: asked for each time, because the caller may rotate them at any time. */
export function suppliedKeys(supply: () => JsonWebKeySet | Promise<JsonWebKeySet>): KeySource {
  return {
    async current() {
      try {
        return toKeySet(await supply())
      } catch (cause) {
        throw keysUnavailable('jwks must supply the keys', { cause })
      }
    },
    async renewed() {
      return undefined
    },
  }
}

/** Looks at the outer form only: a key that is no good is passed over when it is looked for. RFC 7517 §5 */
export function toKeySet(value: unknown): JsonWebKeySet {
  if (!isJsonObject(value) || !Array.isArray(value.keys))
    throw new Error('a key set must hold an array of keys')
  return value as unknown as JsonWebKeySet
}
