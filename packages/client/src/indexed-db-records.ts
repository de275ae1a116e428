import type { Records } from './record.ts'

/**
 * A record in IndexedDB, since only there one tab surely sees what another wrote before it, and what was written
 * survives a crash of the browser. Where there is none (some private windows), the tab keeps its own. Opened for each
 * step, so that clearing the site's data or a page in the back-forward cache never leaves a dead connection.
 */
export function indexedDbRecords<Kept>(name: string): Records<Kept> {
  /** Some versions of WebKit never answer the first request to a database. */
  const WITHIN_MS = 5000
  /** The database's, and its only store's. */
  const NAME = 'latchkey'
  let own: Partial<Kept> = {}
  return {
    change: (edit) =>
      new Promise<Partial<Kept>>((resolve, reject) => {
        setTimeout(reject, WITHIN_MS)
        const opening = indexedDB.open(NAME)
        opening.onerror = reject
        opening.onupgradeneeded = () => opening.result.createObjectStore(NAME)
        opening.onsuccess = () => {
          const database = opening.result
          const transaction = database.transaction(NAME, 'readwrite', { durability: 'strict' })
          const store = transaction.objectStore(NAME)
          const reading = store.get(name)
          let next: Partial<Kept>
          reading.onsuccess = () => {
            next = edit(reading.result ?? {})
            store.put(next, name)
          }
          transaction.onabort = reject
          transaction.oncomplete = () => {
            database.close()
            resolve(next)
          }
        }
      })
        .catch(() => edit(own))
        .then((next) => {
          own = next
          return next
        }),
  }
}
