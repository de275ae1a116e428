import { parseHttpUrl } from '../keys/discovery.ts'
import { type FetchLike, fetchJson } from '../keys/fetch-json.ts'
import type { JsonWebKeySet } from '../keys/jwk.ts'
import { toKeySet } from '../keys/key-source.ts'

export interface FetchKeySetOptions {
  /** How long it may take, the body included. @default 5 */
  timeoutSeconds?: number
  /** @default the global fetch */
  fetch?: FetchLike
}

/**
 * Gets the key set of an issuer by its address. The request carries nothing of any token. At most 256 KiB are read, and a redirect is
 * not followed. Rejects with an Error that says what was wrong.
 */
export async function fetchKeySet(
  url: string,
  { timeoutSeconds = 5, fetch = (at, init) => globalThis.fetch(at, init) }: FetchKeySetOptions = {},
): Promise<JsonWebKeySet> {
  const address = parseHttpUrl(url)
  if (address === undefined) throw new Error('the address must be an http or https URL without a user name')
  return toKeySet(await fetchJson(fetch, address.href, timeoutSeconds))
}
