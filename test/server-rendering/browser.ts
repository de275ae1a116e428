import type { Node } from './world.ts'

export const PUBLIC_URL = 'http://localhost:3000'

interface Cookie {
  value: string
  endsAt: number
}

/** An answer on its way: the browser knows its cookies only when it has received it. */
export interface OnItsWay {
  status: number
  body: string
  headers: Headers
  receive(): void
}

/** One browser's cookie jar, with a clock of its own. */
export interface Browser {
  /** Sends a request with the cookies of this moment. */
  send(node: Node, path: string, init?: RequestInit): Promise<OnItsWay>
  /** Loads a document, and receives it. */
  open(node: Node, path?: string): Promise<OnItsWay>
  /** What the page's own client does. */
  refresh(node: Node): Promise<OnItsWay>
  signUp(node: Node, email?: string): Promise<OnItsWay>
  logout(node: Node): Promise<OnItsWay>
  cookie(suffix?: string): string | undefined
  plant(suffix: string, value: string): void
  forget(suffix: string): void
  /** Lets time pass: cookies whose `Max-Age` is over are gone. */
  skip(seconds: number): void
  /** Another browser with a copy of the jar, or of its refresh cookie alone. */
  stolenBy(what: 'jar' | 'refresh cookie'): Browser
}

const NAME = '__Host-latchkey'
let people = 0

export function createBrowser(cookies = new Map<string, Cookie>()): Browser {
  let now = 0

  const header = () => {
    for (const [name, { endsAt }] of cookies) if (endsAt <= now) cookies.delete(name)
    return [...cookies].map(([name, { value }]) => `${name}=${value}`).join('; ')
  }

  function receive(headers: Headers): void {
    for (const line of headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
      const maxAge = Number(/; Max-Age=(\d+)/.exec(line)?.[1])
      if (!/; Path=\/; HttpOnly; Secure; SameSite=Strict/.test(line)) throw new Error(`unsafe: ${name}`)
      if (maxAge > 0) cookies.set(name, { value, endsAt: now + maxAge })
      else cookies.delete(name)
    }
  }

  const browser: Browser = {
    async send(node, path, init = {}) {
      const headers = new Headers(init.headers)
      headers.set('cookie', header())
      if (init.method === 'POST') headers.set('origin', PUBLIC_URL)
      const response = await node.fetch(new Request(node.url + path, { ...init, headers }))
      const { status } = response
      return {
        status,
        headers: response.headers,
        body: await response.text(),
        receive: () => receive(response.headers),
      }
    },
    open: (node, path = '/') => received(browser.send(node, path)),
    refresh: (node) => received(browser.send(node, '/auth/refresh', pageRefresh())),
    signUp: (node, email = `ada${++people}@example.com`) =>
      received(
        browser.send(node, '/auth/register', {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ email, password: 'a quiet harbour at dusk' }),
        }),
      ),
    logout: (node) => received(browser.send(node, '/auth/logout', { method: 'POST' })),
    cookie: (suffix = '') => {
      header()
      return cookies.get(NAME + suffix)?.value
    },
    plant: (suffix, value) => void cookies.set(NAME + suffix, { value, endsAt: Number.POSITIVE_INFINITY }),
    forget: (suffix) => void cookies.delete(NAME + suffix),
    skip: (seconds) => {
      now += seconds
    },
    stolenBy(what) {
      const copied = what === 'jar' ? [...cookies] : [...cookies].filter(([name]) => name === NAME)
      return createBrowser(new Map(copied))
    },
  }
  return browser
}

async function received(sent: Promise<OnItsWay>): Promise<OnItsWay> {
  const answer = await sent
  answer.receive()
  return answer
}

/** The page's client stores a key of its own before it sends. */
export function pageRefresh(): RequestInit {
  return { method: 'POST', headers: { 'idempotency-key': crypto.randomUUID() } }
}
