import { isJsonObject } from '../token/json.ts'
import {
  importVerificationKey,
  type JsonWebKeyMembers,
  type JsonWebKeySet,
  type VerificationKey,
} from './jwk.ts'

interface Imported {
  material: string
  importing: Promise<VerificationKey | undefined>
  /** Once it is imported. */
  key: VerificationKey | undefined
}

/**
 * The keys of one set, which nobody changes any more: each is imported once, when it is first asked for, because importing costs more than
 * verifying.
 */
export class KeyRing {
  readonly #set: JsonWebKeySet
  readonly #imported = new Map<string, Imported>()

  /** @param previous whose keys are taken over where their material is the same: a key's name alone says nothing */
  constructor(set: JsonWebKeySet, previous?: KeyRing) {
    this.#set = set
    for (const [kid, imported] of previous ? previous.#imported : []) {
      if (JSON.stringify(this.#named(kid)) === imported.material) this.#imported.set(kid, imported)
    }
  }

  /** `undefined` unless exactly one usable key has the name: with two, the sender of the token would have the choice. */
  async find(kid: string): Promise<VerificationKey | undefined> {
    const known = this.#imported.get(kid)
    if (known) return known.key ?? known.importing

    const named = this.#named(kid)
    if (named.length === 0) return undefined
    const imported: Imported = {
      material: JSON.stringify(named),
      importing: importOnlyOne(named),
      key: undefined,
    }
    this.#imported.set(kid, imported)
    imported.key = await imported.importing
    return imported.key
  }

  /** Whether it is this very key that has the name here. */
  holds(kid: string, key: VerificationKey): boolean {
    return this.#imported.get(kid)?.key === key
  }

  /** Whether any key has the name, usable or not. */
  names(kid: string): boolean {
    return this.#named(kid).length > 0
  }

  #named(kid: string): JsonWebKeyMembers[] {
    return this.#set.keys.filter((key) => isJsonObject(key) && key.kid === kid)
  }
}

async function importOnlyOne(named: readonly JsonWebKeyMembers[]): Promise<VerificationKey | undefined> {
  const keys = await Promise.all(named.map(importVerificationKey))
  const usable = keys.filter((key) => key !== undefined)
  return usable.length === 1 ? usable[0] : undefined
}
