import { keysUnavailable } from '../errors.ts'
import { isJsonObject } from '../token/json.ts'
import type { JsonWebKeySet } from './jwk.ts'
import { KeyRing } from './key-ring.ts'

/** Where an issuer's current keys come from. Fails only with KEYS_UNAVAILABLE. */
export interface KeySource {
  /** At once where they are at hand. */
  current(): KeyRing | Promise<KeyRing>
  /** For a key that is not among the current ones: those that are published now, or `undefined` where current is current. */
  renewed(): Promise<KeyRing | undefined>
  /** The issuer has said that it withdrew a key, so what is held is out of date if the key is in it. */
  withdrawn(kid: string): void
  readonly fetches: number
  readonly failures: number
}

/** Keys that never change. */
export function fixedKeys(set: JsonWebKeySet): KeySource {
  const ring = new KeyRing(set)
  return { ...UNFETCHED, current: () => ring }
}

/** Keys that the caller holds: asked for each time, because the caller may rotate them at any time, also within the same object. */
export function suppliedKeys(supply: () => JsonWebKeySet | Promise<JsonWebKeySet>): KeySource {
  let ring: KeyRing | undefined
  let material = ''

  function toRing(supplied: JsonWebKeySet): KeyRing {
    const set = toKeySet(supplied)
    const now = JSON.stringify(set)
    if (ring === undefined || now !== material) {
      ring = new KeyRing(set, ring)
      material = now
    }
    return ring
  }

  return {
    ...UNFETCHED,
    current() {
      try {
        const supplied = supply()
        return isPromise(supplied) ? Promise.resolve(supplied).then(toRing).catch(refuse) : toRing(supplied)
      } catch (cause) {
        return refuse(cause)
      }
    },
  }
}

const UNFETCHED = { renewed: async () => undefined, withdrawn() {}, fetches: 0, failures: 0 }

function refuse(cause: unknown): never {
  throw keysUnavailable('jwks must supply the keys', { cause })
}

function isPromise(value: unknown): value is Promise<JsonWebKeySet> {
  return isJsonObject(value) && typeof value.then === 'function'
}

/** Looks at the outer form only: a key that is no good is passed over when it is looked for. RFC 7517 §5 */
export function toKeySet(value: unknown): JsonWebKeySet {
  if (!isJsonObject(value) || !Array.isArray(value.keys))
    throw new Error('a key set must hold an array of keys')
  return value as unknown as JsonWebKeySet
}
