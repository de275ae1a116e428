import type { AuthSettings } from '../config.ts'

type CookieSettings = AuthSettings['cookie']

/** The cookie's full name: `__Host-` where the options allow it. RFC 6265bis §4.1.3 */
export function cookieName({ name, path, domain }: CookieSettings): string {
  return path === '/' && domain === null ? `__Host-${name}` : `__Secure-${name}`
}

/** The `Set-Cookie` that hands a refresh token to a browser. */
export function refreshCookie(token: string, maxAgeSeconds: number, settings: CookieSettings): string {
  return `${cookieName(settings)}=${token}; ${attributes(settings)}; Max-Age=${maxAgeSeconds}`
}

/** The `Set-Cookie` that takes it away again: the same attributes, or browsers keep it. RFC 6265bis §5.7 */
export function expiredCookie(settings: CookieSettings): string {
  return `${cookieName(settings)}=; ${attributes(settings)}; Max-Age=0`
}

/** Every value that a `Cookie` header holds for a name: more than one means that somebody planted another. */
export function cookieValues(header: string | null, name: string): string[] {
  if (header === null) return []
  return header.split(';').flatMap((pair) => {
    const [key = '', ...value] = pair.split('=')
    return key.trim() === name && value.length > 0 ? [value.join('=').trim()] : []
  })
}

function attributes({ path, domain, sameSite }: CookieSettings): string {
  const shared = domain === null ? '' : `; Domain=${domain}`
  const site = { strict: 'Strict', lax: 'Lax', none: 'None' }[sameSite]
  return `Path=${path}${shared}; HttpOnly; Secure; SameSite=${site}`
}
