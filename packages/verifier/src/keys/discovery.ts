// How the key that a token names is found: its issuer's key set, where it is, how long it is kept, what each key is fit for.
// Nothing here looks at a token beyond its `kid`: token/ does.

import { isJsonObject } from '../token/json.ts'

/**
 * Where an issuer publishes its metadata: the well-known path goes between its host and its own path. `undefined` for an
 * issuer that is no plain http(s) URL. RFC 8414 §3.1
 */
export function metadataUrl(issuer: string): string | undefined {
  const url = parseHttpUrl(issuer)
  if (!url || issuer.includes('?') || issuer.includes('#')) return undefined
  return `${url.origin}/.well-known/oauth-authorization-server${url.pathname.replace(/\/$/, '')}`
}

/**
 * Where the metadata says that the keys are. Metadata in another issuer's name is refused, or whoever can serve one document
 * there could sign for this issuer; so is a step down to plain http. RFC 8414 §3.3 and §6.2
 */
export function readJwksUri(metadata: unknown, issuer: string): string {
  if (!isJsonObject(metadata) || metadata.issuer !== issuer) {
    throw new Error("the metadata's issuer must be the expected issuer")
  }
  const url = parseHttpUrl(metadata.jwks_uri)
  if (!url || (issuer.startsWith('https:') && url.protocol !== 'https:')) {
    throw new Error("the metadata's jwks_uri must be a URL as secure as the issuer's")
  }
  return url.href
}

/** Only without a user name and password in it, which no fetch accepts and error messages repeat. */
export function parseHttpUrl(text: unknown): URL | undefined {
  if (typeof text !== 'string' || !URL.canParse(text)) return undefined
  const url = new URL(text)
  return /^https?:$/.test(url.protocol) && url.username === '' && url.password === '' ? url : undefined
}
