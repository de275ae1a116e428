import { ConfigError } from '../errors.ts'
import type { KeyPurpose, StoredKey } from './key.ts'
import type { Sealer } from './seal.ts'
import type { KeyChange, KeyStore } from './store.ts'

/** A stored key and what was sealed in it. */
export interface OpenedKey extends StoredKey {
  /** The private or symmetric key; null once a signing key has signed its last token. */
  secret: Buffer | null
  /** Whether it is sealed under the first secret, or not at all. */
  current: boolean
}

/** The keys in the store, opened. What another of the service's secrets had sealed is sealed anew under the first. */
export class Vault {
  readonly #store: KeyStore
  readonly #sealer: Sealer

  constructor(store: KeyStore, sealer: Sealer) {
    this.#store = store
    this.#sealer = sealer
  }

  seal(key: Omit<StoredKey, 'sealed'>, secret: Uint8Array): StoredKey {
    return { ...key, sealed: this.#sealer.seal(secret, context(key)) }
  }

  async list(purpose: KeyPurpose): Promise<OpenedKey[]> {
    return (await this.#store.list(purpose)).map((key) => this.#open(key))
  }

  /**
   * Changes the keys of a purpose in one step, and resolves to those after it. Rejects with `ConfigError` when none
   * of the secrets opens a key; nothing has changed then.
   */
  async update(purpose: KeyPurpose, plan: (keys: readonly StoredKey[]) => KeyChange): Promise<OpenedKey[]> {
    const keys = await this.#store.update(purpose, (stored) => {
      const change = plan(stored)
      const replaced = new Set(change.replace?.map(({ id }) => id))
      const resealed = stored.filter(({ id }) => !replaced.has(id)).flatMap((key) => this.#reseal(key))
      return { ...change, replace: [...(change.replace ?? []), ...resealed] }
    })
    return keys.map((key) => this.#open(key))
  }

  #open(key: StoredKey): OpenedKey {
    if (key.sealed === null) return { ...key, secret: null, current: true }
    const opened = this.#sealer.open(key.sealed, context(key))
    if (opened === null) throw wrongSecret()
    return { ...key, secret: opened.plain, current: opened.byFirstSecret }
  }

  #reseal(key: StoredKey): StoredKey[] {
    if (key.sealed === null) return []
    const opened = this.#sealer.open(key.sealed, context(key))
    if (opened === null) throw wrongSecret()
    return opened.byFirstSecret ? [] : [this.seal(key, opened.plain)]
  }
}

/** A box that was moved to another row, or another purpose, does not open. */
function context({ purpose, id }: Pick<StoredKey, 'purpose' | 'id'>): string {
  return `${purpose}/${id}`
}

function wrongSecret(): ConfigError {
  return new ConfigError([
    {
      setting: 'LATCHKEY_SECRET',
      problem:
        'does not open the keys in this database. Give the secret that it was created with; ' +
        'to change the secret, list the new one first and the old one after it, separated by a comma',
    },
  ])
}
