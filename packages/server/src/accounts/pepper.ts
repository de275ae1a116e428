import { createHmac, randomBytes } from 'node:crypto'
import type { OpenedKey, Vault } from '../keys/vault.ts'
import type { Clock } from '../time.ts'

/** Mixes passwords with a key that a copy of the database does not hold. */
export interface Peppers {
  /** The pepper that new hashes use. */
  currentId: string
  /**
   * The input to hash: the whole password, whatever its length, as 44 characters. Null for a pepper that is not
   * known here.
   */
  apply(password: string, pepperId: string): string | null
}

const PEPPER_BYTES = 32

/** Loads the peppers, and makes the first one on an empty store. */
export async function loadPeppers(vault: Vault, now: Clock): Promise<Peppers> {
  const createdAt = now()
  const candidate = vault.seal(
    {
      id: `p${randomBytes(9).toString('base64url')}`,
      purpose: 'pepper',
      algorithm: null,
      publicJwk: null,
      createdAt,
      activeFrom: createdAt,
      tokenSeconds: 0,
    },
    randomBytes(PEPPER_BYTES),
  )
  const keys = await vault.update('pepper', (stored) => (stored.length === 0 ? { add: [candidate] } : {}))
  const newest = keys.reduce((a, b) => (b.createdAt > a.createdAt ? b : a))
  const byId = new Map(keys.map((key) => [key.id, (key as OpenedKey).secret as Buffer]))
  return {
    currentId: newest.id,
    apply(password, pepperId) {
      const pepper = byId.get(pepperId)
      return pepper === undefined ? null : createHmac('sha256', pepper).update(password).digest('base64')
    },
  }
}
