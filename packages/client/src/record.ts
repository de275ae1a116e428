import type { TokenStorage } from './storage.ts'

/** What outlives the page or the process. One item, so that a token and its attempt never part. */
export interface Stored {
  /** Native clients only: in a browser the cookie holds it, out of every script's reach. */
  refreshToken?: string
  /** The `Idempotency-Key` of a refresh whose outcome is not known yet. */
  attempt?: string
  /** The user signed out, and the service has not confirmed it. */
  signedOut?: true
}

export interface RecordKeeper {
  read(): Promise<Stored>
  write(record: Stored): Promise<void>
}

export function createRecordKeeper(storage: TokenStorage, baseUrl: string): RecordKeeper {
  const item = `latchkey:${baseUrl}`
  return {
    read: async () => parseRecord(await storage.getItem(item)),
    write: async (record) => {
      const text = JSON.stringify(record)
      if (text === '{}') await storage.removeItem(item)
      else await storage.setItem(item, text)
    },
  }
}

/** Whatever else writes to the storage, only well-formed parts count: a spoilt key would be refused for ever. */
function parseRecord(text: string | null): Stored {
  const found = parseObject(text)
  const record: Stored = {}
  if (typeof found.refreshToken === 'string') record.refreshToken = found.refreshToken
  if (typeof found.attempt === 'string' && /^[\x21-\x7e]{16,128}$/.test(found.attempt)) {
    record.attempt = found.attempt
  }
  if (found.signedOut === true) record.signedOut = true
  return record
}

function parseObject(text: string | null): { [member: string]: unknown } {
  try {
    return { ...JSON.parse(text ?? '{}') }
  } catch {
    return {}
  }
}
