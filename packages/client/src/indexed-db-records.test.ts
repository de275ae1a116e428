import { expect, onTestFinished, test, vi } from 'vitest'
import { indexedDbRecords } from './indexed-db-records.ts'
import { ADA, startBrowser } from './testing/browser.ts'
import { startContractService } from './testing/contract-service.ts'

interface Waiting {
  result?: unknown
  onsuccess?(): void
  onerror?(): void
}

/** The few steps of IndexedDB that a record takes, on a disk that fails when it is told to, as no real one does. */
function startDisk() {
  const kept = new Map<string, unknown>()
  const disk = { isBroken: false }
  const store = {
    get(name: string) {
      const reading: Waiting = { result: structuredClone(kept.get(name)) }
      setImmediate(() => reading.onsuccess?.())
      return reading
    },
    put: (value: unknown, name: string) => void kept.set(name, structuredClone(value)),
  }
  const database = {
    close() {},
    transaction() {
      const transaction: { objectStore(): typeof store; oncomplete?(): void } = { objectStore: () => store }
      // After the read and what is written on its success.
      setImmediate(() => setImmediate(() => transaction.oncomplete?.()))
      return transaction
    },
  }
  vi.stubGlobal('indexedDB', {
    open() {
      const opening: Waiting = { result: database }
      const end = disk.isBroken ? 'onerror' : 'onsuccess'
      setImmediate(() => opening[end]?.())
      return opening
    },
  })
  onTestFinished(() => void vi.unstubAllGlobals())
  return disk
}

test('a disk that fails between two tries of a refresh does not make two attempts of them', async () => {
  const disk = startDisk()
  const service = await startContractService()
  const browser = startBrowser(service)
  const fetch = (request: Request) => {
    disk.isBroken = request.url.endsWith('/auth/refresh')
    return browser.send(request)
  }
  const tab = browser.openTab({ fetch }, { records: indexedDbRecords('record') })
  await tab.login(ADA)
  service.fail('/auth/refresh', 'answer lost')
  await tab.refresh()
  expect(tab.status).toBe('signed-in')
  const [first, second] = service.refreshes()
  expect(second?.key).toBe(first?.key)
})

test('a disk that failed at a sign-out, and fails again after the next sign-in, signs nobody out', async () => {
  const disk = startDisk()
  const service = await startContractService()
  const tab = startBrowser(service).openTab({}, { records: indexedDbRecords('record') })
  await tab.login(ADA)
  disk.isBroken = true
  const signedOut = tab.logout()
  disk.isBroken = false
  await signedOut
  await tab.login(ADA)
  disk.isBroken = true
  await tab.refresh()
  expect(tab.status).toBe('signed-in')
})
