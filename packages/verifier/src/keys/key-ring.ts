import { isJsonObject } from '../token/json.ts'
import {
  importVerificationKey,
  type JsonWebKeyMembers,
  type JsonWebKeySet,
  type VerificationKey,
} from './jwk.ts'

interface Imported {
  material: string
  key: Promise<VerificationKey | undefined>
}

/**
 * Finds the key with a `kid` in whatever set is current, and remembers what it imported: importing costs more than verifying.
 * A key is known by its material as well as by its name, so a set that changed is never answered from memory.
 */
export class KeyRing {
  readonly #imported = new Map<string, Imported>()

  /** `undefined` unless exactly one usable key has the name: with two, the sender of the token would have the choice. */
  async find(set: JsonWebKeySet, kid: string): Promise<VerificationKey | undefined> {
    const named = set.keys.filter((key) => isJsonObject(key) && key.kid === kid)
    if (named.length === 0) return undefined

    const material = JSON.stringify(named)
    const known = this.#imported.get(kid)
    if (known?.material === material) return known.key

    const key = importOnlyOne(named)
    this.#forgetAllBut(set)
    this.#imported.set(kid, { material, key })
    return key
  }

  /** Keeps memory within the size of one set, however often its keys rotate. */
  #forgetAllBut(set: JsonWebKeySet): void {
    const current = new Set(set.keys.map((key) => key?.kid))
    for (const kid of this.#imported.keys()) if (!current.has(kid)) this.#imported.delete(kid)
  }
}

async function importOnlyOne(named: readonly JsonWebKeyMembers[]): Promise<VerificationKey | undefined> {
  const keys = await Promise.all(named.map(importVerificationKey))
  const usable = keys.filter((key) => key !== undefined)
  return usable.length === 1 ? usable[0] : undefined
}
