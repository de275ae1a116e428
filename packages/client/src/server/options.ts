export interface ServerAuthOptions {
  /**
   * Where this host reaches the service, such as `http://127.0.0.1:3000`; a path is kept. Every request goes there,
   * whatever the browser's request names. The service's own `LATCHKEY_URL` is the public origin of this site.
   */
  serviceUrl: string
  /** Origins besides the service's that `visit.fetch` may send the access token to, such as `https://api.example.com`. */
  origins?: readonly string[]
  /** The service's refresh cookie, with its prefix. The host's own cookies begin with it. @default '__Host-latchkey' */
  cookieName?: string
  /** Seconds before its end at which an access token is renewed: 0 to 3600, at most a third of its lifetime. @default 30 */
  refreshMarginSeconds?: number
  /** Sends every request, the service's and yours. @default globalThis.fetch */
  fetch?: (request: Request) => Promise<Response>
}

export interface ServerSettings {
  serviceUrl: string
  origins: Set<string>
  cookieName: string
  refreshMarginSeconds: number
  fetch: (request: Request) => Promise<Response>
}

export function readServerOptions(options: ServerAuthOptions): ServerSettings {
  const { cookieName = '__Host-latchkey', refreshMarginSeconds = 30, origins = [] } = options
  if (!(refreshMarginSeconds >= 0 && refreshMarginSeconds <= 3600)) {
    throw new TypeError('refreshMarginSeconds must be a number from 0 to 3600')
  }
  // The host's cookies carry the service's attributes, which the prefix has browsers hold it to.
  if (!/^__(Host|Secure)-[A-Za-z0-9!#$%&'*+.^_`|~-]+$/.test(cookieName)) {
    throw new TypeError('cookieName must be a cookie name that begins with __Host- or __Secure-')
  }
  const { origin, pathname } = readUrl('serviceUrl', options.serviceUrl)
  return {
    serviceUrl: `${origin}${pathname.replace(/\/+$/, '')}`,
    origins: new Set([origin, ...origins.map((text) => readUrl('origins', text).origin)]),
    cookieName,
    refreshMarginSeconds,
    fetch: options.fetch ?? ((request) => globalThis.fetch(request)),
  }
}

function readUrl(option: string, text: string): URL {
  if (!/^https?:\/\//.test(text) || !URL.canParse(text))
    throw new TypeError(`${option} must be an http(s) URL`)
  return new URL(text)
}
