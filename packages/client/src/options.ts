import type { ClientKind } from '@latchkey/protocol'
import type { Environment } from './environment.ts'
import type { TokenStorage } from './storage.ts'

/** Durations are seconds. */
export interface AuthClientOptions {
  /**
   * Where the service is, such as `https://auth.example.com`; a path is kept.
   * @default the page's own origin; compulsory outside a page
   */
  baseUrl?: string
  /** Sends every request, the service's and yours. Give one to watch or to change them. @default globalThis.fetch */
  fetch?: (request: Request) => Promise<Response>
  /**
   * How long before its end an access token is renewed: 0 to 3600. It never counts for more than a third of the
   * token's lifetime, so a token of three seconds is not renewed at every call. @default 30
   */
  refreshMarginSeconds?: number
  /** `browser` keeps the refresh token in an HttpOnly cookie, `native` in `storage`. @default 'browser' */
  client?: ClientKind
  /**
   * Where what must survive a restart is kept: the key of a refresh under way and, for `native` alone, the refresh
   * token. Use your platform's secure storage there. @default localStorage for `browser`, memory for `native`
   */
  storage?: TokenStorage
  /** Origins besides the service's that `fetch` may send the access token to, such as `https://api.example.com`. */
  origins?: readonly string[]
}

export interface Settings {
  baseUrl: string
  fetch: (request: Request) => Promise<Response>
  refreshMarginSeconds: number
  client: ClientKind
  storage: TokenStorage | undefined
  origins: ReadonlySet<string>
}

export function readOptions(options: AuthClientOptions, environment: Environment): Settings {
  const { refreshMarginSeconds = 30, client = 'browser' } = options
  if (!(refreshMarginSeconds >= 0 && refreshMarginSeconds <= 3600)) {
    throw new TypeError('refreshMarginSeconds must be a number from 0 to 3600')
  }
  if (client !== 'browser' && client !== 'native') throw new TypeError("client must be 'browser' or 'native'")
  const base = readUrl('baseUrl', options.baseUrl ?? pageOrigin(environment))
  return {
    baseUrl: `${base.origin}${base.pathname.replace(/\/+$/, '')}`,
    // Looked up at each call, so that a fetch that is wrapped later is used too.
    fetch: options.fetch ?? ((request) => globalThis.fetch(request)),
    refreshMarginSeconds,
    client,
    storage: options.storage,
    origins: new Set([
      base.origin,
      ...(options.origins ?? []).map((text) => readUrl('origins', text).origin),
    ]),
  }
}

function pageOrigin(environment: Environment): string {
  if (environment.pageUrl === undefined) throw new TypeError('baseUrl is needed outside a page')
  return new URL(environment.pageUrl).origin
}

function readUrl(option: string, text: string): URL {
  if (!/^https?:\/\//.test(text) || !URL.canParse(text))
    throw new TypeError(`${option} must be an http(s) URL`)
  return new URL(text)
}
