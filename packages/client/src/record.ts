import { AuthClientError } from './errors.ts'
import type { HeldTokens } from './session.ts'
import type { TokenStorage } from './storage.ts'

/** What outlives the page or the process. One record, so that a token and its attempt never part. */
export interface Stored {
  /** The `Idempotency-Key` of a refresh whose outcome is not known yet. */
  attempt?: string
  /** The key of the last refresh that was answered. */
  spent?: string
  /** A name for that answer. Who holds a token of another one has missed something. */
  renewal?: string
  /** For how many refreshes the last key is still used, since a tab that hangs may bring its older cookie back. */
  doubts?: number
  /** The user signed out, and the service has not confirmed it. */
  signedOut?: boolean
  /** Native clients only: in a browser the cookie holds it, out of every script's reach. */
  refreshToken?: string
  /** Only in a storage that processes share, with the moment of the request on their common clock. */
  tokens?: HeldTokens
  sentAt?: number
}

export interface Records<Kept = Stored> {
  /** Reads the record, and writes what `edit` makes of it, in one step. Resolves to what then stands. */
  change(edit: (record: Partial<Kept>) => Partial<Kept>): Promise<Partial<Kept>>
}

/** One step at a time in this client; among processes, where the storage is made for them. */
export function storedRecords(storage: TokenStorage, item: string): Records {
  const { shared } = storage
  let last: Promise<unknown> = Promise.resolve()

  async function changeItem(edit: (text: string | null) => string | null): Promise<void> {
    if (shared) return shared.change(item, edit)
    const text = await storage.getItem(item)
    const next = edit(text)
    if (next === null) await storage.removeItem(item)
    else if (next !== text) await storage.setItem(item, next)
  }

  return {
    change(edit) {
      const step = last
        .then(async () => {
          let next = '{}'
          await changeItem((text) => {
            next = JSON.stringify(edit(parse(text)))
            return next === '{}' ? null : next
          })
          return JSON.parse(next)
        })
        .catch((cause) => {
          throw new AuthClientError('STORAGE_FAILED', { cause, detail: 'the storage failed' })
        })
      last = step.catch(() => undefined)
      return step
    },
  }
}

/** Whatever else writes to the storage, it is no reason to fail. */
function parse(text: string | null): Stored {
  try {
    return { ...JSON.parse(text ?? '{}') }
  } catch {
    return {}
  }
}
