/**
 * Keeps a few short texts: `localStorage` and React Native's AsyncStorage already have this shape. A `setItem` that
 * has resolved must survive the process. Values of a native client hold its refresh token, so keep them secret.
 */
export interface TokenStorage {
  getItem(key: string): string | null | Promise<string | null>
  setItem(key: string, value: string): void | Promise<void>
  removeItem(key: string): void | Promise<void>
  /** For a storage that several processes use at a time. They then share the access token too, so one renews for all. */
  shared?: SharedStorage
}

/** What processes need to take turns. */
export interface SharedStorage {
  /**
   * Runs the task while no other process runs one. The wait is bounded: past it, and when the holder is gone, the task
   * runs all the same. That is safe, since `change` lets all of them agree on one `Idempotency-Key`. Rejects only with
   * what the task rejects with.
   */
  exclusive<T>(task: () => Promise<T>): Promise<T>
  /**
   * Reads an item and stores what `edit` makes of it, in one step among all processes, whoever's turn it is. `null`
   * stands for no item. What has resolved must survive the process. `edit` may be called again, and the last call counts.
   */
  change(key: string, edit: (value: string | null) => string | null): Promise<void>
  /** Milliseconds on a clock that all of them read alike and nobody sets, such as the time since the machine started. */
  now(): number
}

/** Forgets everything when the process or the page ends. */
export function memoryStorage(): TokenStorage {
  const items = new Map<string, string>()
  return {
    getItem: (key) => items.get(key) ?? null,
    setItem: (key, value) => void items.set(key, value),
    removeItem: (key) => void items.delete(key),
  }
}
