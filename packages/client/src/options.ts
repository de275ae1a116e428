import type { TokenStorage } from './storage.ts'

/** Durations are seconds. */
export interface AuthClientOptions {
  /**
   * Where the service is, such as `https://auth.example.com`; a path is kept.
   * @default the page's own origin. Outside a page, as where it is rendered on a server, nothing can be asked then
   */
  baseUrl?: string
  /** Sends every request, the service's and yours. Give one to watch or to change them. @default globalThis.fetch */
  fetch?: (request: Request) => Promise<Response>
  /**
   * How long before its end an access token is renewed: 0 to 3600. It never counts for more than a third of the
   * token's lifetime, so a token of three seconds is not renewed at every call. @default 30
   */
  refreshMarginSeconds?: number
  /** Origins besides the service's that `fetch` may send the access token to, such as `https://api.example.com`. */
  origins?: readonly string[]
}

/** For apps, commands and servers, which keep the refresh token themselves. */
export interface NativeAuthClientOptions extends AuthClientOptions {
  baseUrl: string
  /** Keeps the refresh token and the key of a refresh under way. Use your platform's secure storage. */
  storage: TokenStorage
}

export interface Settings {
  baseUrl: string
  fetch: (request: Request) => Promise<Response>
  marginSeconds: number
  origins: Set<string>
  /** What relative URLs given to `fetch` are relative to. */
  pageUrl: string
}

export function readOptions({
  // Modules of a page may be loaded without one. This name can never be resolved (RFC 6761 §6.4).
  baseUrl = globalThis.location?.origin ?? 'http://invalid',
  // Looked up at each call, so that a fetch that is wrapped later is used too.
  fetch = (request) => globalThis.fetch(request),
  refreshMarginSeconds: marginSeconds = 30,
  origins = [],
}: AuthClientOptions): Settings {
  if (!(marginSeconds >= 0 && marginSeconds <= 3600)) {
    throw new TypeError('refreshMarginSeconds: 0-3600')
  }
  const urls = [baseUrl, ...origins].map((text) => {
    if (!/^https?:\/\/./.test(text)) throw new TypeError('baseUrl, origins: http(s)')
    return new URL(text)
  })
  const [base] = urls as [URL]
  return {
    baseUrl: base.href.replace(/\/+$/, ''),
    fetch,
    marginSeconds,
    origins: new Set(urls.map(({ origin }) => origin)),
    pageUrl: globalThis.document?.baseURI ?? (globalThis.location ?? base).href,
  }
}
