import type { NewRevocation } from '../revocations/entry.ts'
import type { KeyPurpose, StoredKey } from './key.ts'

export interface KeyChange {
  add?: readonly StoredKey[]
  /** Keys that replace the stored ones of the same ids. */
  replace?: readonly StoredKey[]
  remove?: readonly string[]
  /** What the change takes back before its time; it is written into the log of revocations in the same step. */
  revocations?: readonly NewRevocation[]
}

/** Where sealed keys live. Rejects only with `StoreUnavailableError`. */
export interface KeyStore {
  /**
   * Reads the keys of a purpose, applies the change that `plan` makes of them, and resolves to the keys after it.
   * All in one durable step that no other process can come between: of several that start at once on an empty
   * store, the first makes the key and the others see it.
   */
  update(purpose: KeyPurpose, plan: (keys: readonly StoredKey[]) => KeyChange): Promise<StoredKey[]>

  list(purpose: KeyPurpose): Promise<StoredKey[]>
}
