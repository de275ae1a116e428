/**
 * Keeps a few short texts: `localStorage` and React Native's AsyncStorage already have this shape. A `setItem` that
 * has resolved must survive the process. Values of a native client hold its refresh token, so keep them secret.
 */
export interface TokenStorage {
  getItem(key: string): string | null | Promise<string | null>
  setItem(key: string, value: string): void | Promise<void>
  removeItem(key: string): void | Promise<void>
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
