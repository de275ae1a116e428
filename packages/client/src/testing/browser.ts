import { setTimeout as delay } from 'node:timers/promises'
import { onTestFinished } from 'vitest'
import { type AuthClient, connect } from '../auth-client.ts'
import type { Host, Tabs } from '../host.ts'
import { type Exclusive, underWebLock } from '../lock.ts'
import { nativeHost } from '../native-host.ts'
import { type AuthClientOptions, readOptions, type Settings } from '../options.ts'
import { type Records, storedRecords } from '../record.ts'
import { memoryStorage, type TokenStorage } from '../storage.ts'
import type { ContractService } from './contract-service.ts'

/** A browser's worth of what its tabs share: one cookie jar, one storage, one lock, one clock. */
export interface Browser {
  cookie: string
  storage: TokenStorage
  records: Records
  /** A `fetch` with the cookie jar. */
  send(request: Request): Promise<Response>
  /** Milliseconds that every later reading of the clock is ahead. */
  skip(milliseconds: number): void
  /** The lock that its tabs share. */
  lock: Exclusive
  openChannel(): BroadcastChannel
  /** `parts` take the place of what a page has. */
  openTab(options?: AuthClientOptions, parts?: Partial<Omit<Host, 'tabs'> & Tabs>): AuthClient
  /** A native client on the same device. */
  openApp(storage: TokenStorage): AuthClient
}

/** Under which the tabs keep their record. */
export const RECORD = 'record'

let browsers = 0

export function startBrowser(service: ContractService): Browser {
  const name = `browser ${++browsers}`
  const storage = memoryStorage()
  const records = storedRecords(storage, RECORD)
  let skipped = 0

  const device = {
    now: () => performance.now() + skipped,
    sleep: (milliseconds: number, signal?: AbortSignal) =>
      delay(milliseconds / 20, undefined, { signal }).catch(() => undefined),
  }

  const browser: Browser = {
    cookie: '',
    storage,
    records,
    send: fetchWithCookies,
    lock: underWebLock(navigator.locks, name),
    skip: (milliseconds) => {
      skipped += milliseconds
    },
    openChannel() {
      const channel = new BroadcastChannel(name)
      onTestFinished(() => channel.close())
      return channel
    },
    openTab(options = {}, parts = {}) {
      const settings = readOptions({ baseUrl: service.url, fetch: fetchWithCookies, ...options })
      const { lock, channel, ...host } = { lock: browser.lock, channel: browser.openChannel(), ...parts }
      return open(settings, { ...device, records, tabs: Promise.resolve({ lock, channel }), ...host })
    },
    openApp(storage) {
      const settings = readOptions({ baseUrl: service.url, fetch: fetchWithCookies })
      return open(settings, { ...nativeHost(RECORD, storage, settings.marginSeconds), ...device })
    },
  }

  function open(settings: Settings, host: Host): AuthClient {
    const client = connect(settings, host)
    onTestFinished(client.close)
    return client
  }

  async function fetchWithCookies(request: Request): Promise<Response> {
    if (request.credentials === 'include' && browser.cookie !== '')
      request.headers.set('cookie', browser.cookie)
    const response = await fetch(request)
    const changed = response.headers.get('set-cookie')
    if (changed !== null) browser.cookie = changed.includes('Max-Age=0') ? '' : changed
    return response
  }

  return browser
}

/** No lock at all, as past the bounded wait for one. */
export const alone: Exclusive = (task) => task()

/** A `fetch` that cannot be called off, as an answer that is on its way cannot. */
export function deafTo(send: Browser['send']): Browser['send'] {
  return (request) => send(new Request(request, { signal: null }))
}

export const ADA = { email: 'ada@example.com', password: 'correct horse battery staple' }
export const BOB = { email: 'bob@example.com', password: 'correct horse battery staple' }
