import { onTestFinished } from 'vitest'
import { type AuthClient, createAuthClient } from '../auth-client.ts'
import type { Environment } from '../environment.ts'
import type { AuthClientOptions } from '../options.ts'
import { memoryStorage } from '../storage.ts'
import type { ContractService } from './contract-service.ts'

/** A browser's worth of what its tabs share: one cookie jar, one storage, one set of locks, one clock. */
export interface Browser {
  cookie: string
  storage: ReturnType<typeof memoryStorage>
  /** A `fetch` with the cookie jar. */
  send(request: Request): Promise<Response>
  /** Milliseconds that every later reading of the clock is ahead. */
  skip(milliseconds: number): void
  locks: LockManager
  openChannel(name: string): BroadcastChannel
  openTab(options?: AuthClientOptions, environment?: Partial<Environment>): AuthClient
}

let browsers = 0

export function startBrowser(service: ContractService): Browser {
  const prefix = `browser ${++browsers} `
  const storage = memoryStorage()
  let skipped = 0
  const browser: Browser = {
    cookie: '',
    storage,
    send: fetchWithCookies,
    locks: {
      query: () => navigator.locks.query(),
      request: ((name: string, ...rest: [LockOptions, LockGrantedCallback<unknown>]) =>
        navigator.locks.request(prefix + name, ...rest)) as LockManager['request'],
    },
    skip: (milliseconds) => {
      skipped += milliseconds
    },
    openChannel(name) {
      const channel = new BroadcastChannel(prefix + name)
      onTestFinished(() => channel.close())
      return channel
    },
    openTab(options = {}, environment = {}) {
      const client = createAuthClient(
        { baseUrl: service.url, storage, fetch: fetchWithCookies, ...options },
        {
          now: () => performance.now() + skipped,
          sleep: () => Promise.resolve(),
          random: () => 0,
          locks: browser.locks,
          openChannel: browser.openChannel,
          ...environment,
        },
      )
      onTestFinished(client.close)
      return client
    },
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

/** A `fetch` that cannot be called off, as an answer that is on its way cannot. */
export function deafTo(send: Browser['send']): Browser['send'] {
  return (request) => send(new Request(request, { signal: null }))
}

export const ADA = { email: 'ada@example.com', password: 'correct horse battery staple' }
export const BOB = { email: 'bob@example.com', password: 'correct horse battery staple' }
