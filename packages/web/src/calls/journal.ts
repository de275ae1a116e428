// What really went over the wire, in the order it happened. It owns the record of it, never a token, and draws nothing.

/** Who is called: the service itself, or an API that trusts its tokens. */
export type Callee = 'service' | 'api'

/** How a request proves whose it is. */
export type Credential = 'bearer' | 'expired bearer' | 'cookie' | 'none'

export interface Call {
  method: string
  path: string
  callee: Callee
  credential: Credential
}

export type JournalEntry = { id: number } & (
  | { kind: 'request'; call: Call; isRepeat: boolean }
  | { kind: 'answer'; call: Call; status: number; error?: string }
  | { kind: 'no answer'; call: Call }
  | { kind: 'note'; at: 'browser' | Callee; text: string; tone: 'calm' | 'alarm' }
)

type Unnumbered<T> = T extends unknown ? Omit<T, 'id'> : never

export interface Journal {
  readonly entries: readonly JournalEntry[]
  add(entry: Unnumbered<JournalEntry>): void
  clear(): void
  subscribe(listener: () => void): () => void
}

const KEPT_ENTRIES = 80

export function createJournal(): Journal {
  const listeners = new Set<() => void>()
  let entries: readonly JournalEntry[] = []
  let lastId = 0
  const replace = (next: readonly JournalEntry[]) => {
    entries = next
    for (const listener of listeners) listener()
  }
  return {
    get entries() {
      return entries
    },
    add: (entry) => replace([...entries, { ...entry, id: ++lastId }].slice(-KEPT_ENTRIES)),
    clear: () => replace([]),
    subscribe(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}
