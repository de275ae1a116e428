// How often something was tried, so that guessing and flooding end. It owns what is counted, and what follows from it.
// It does not own what is tried, nor the HTTP fields that tell a client when to come back.

/** What has been counted under one key. */
export interface Count {
  total: number
  /** Milliseconds until it is forgotten. */
  endsInMs: number
}

/** Where counts live. Every method may reject when the store is away; nothing is promised to survive a crash of it. */
export interface CounterStore {
  /**
   * Adds to a count, which may be taken back by adding less than nothing, and resolves to what it then is: of any number of
   * additions at once, from any node, each is told another total. A count ends `seconds` after its first addition.
   */
  add(key: string, points: number, seconds: number): Promise<Count>

  /** Null where nothing is counted, or no longer. */
  read(key: string): Promise<Count | null>

  forget(key: string): Promise<void>
}
