import { fetchKeySet, type TokenKeys } from '@latchkey/verifier/inspect'

/** Where the keys come from to check a signature with. */
export type KeysFrom = 'service' | 'url' | 'pasted'

const OWN_KEYS = '/.well-known/jwks.json'

/** The keys, or an Error whose message is for the reader. The requests carry nothing of the token, no cookie and no referrer. */
export async function loadKeys(from: KeysFrom, typed: string): Promise<TokenKeys> {
  if (from === 'pasted') return typed
  const url = from === 'service' ? `${location.origin}${OWN_KEYS}` : typed.trim()
  if (!mayBeFetched(url))
    throw new Error('This page fetches keys from https addresses, and from http addresses of this machine.')
  try {
    return await fetchKeySet(url, { fetch: withoutAnythingOfOurs })
  } catch (error) {
    throw new Error(explain(error as Error))
  }
}

/** The page's Content-Security-Policy in words: without them its refusal would look like a network that fails. */
function mayBeFetched(text: string): boolean {
  if (!URL.canParse(text)) return false
  const { protocol, hostname, origin } = new URL(text)
  const isLocal = protocol === 'http:' && ['localhost', '127.0.0.1'].includes(hostname)
  return protocol === 'https:' || isLocal || origin === location.origin
}

function withoutAnythingOfOurs(url: string, init: RequestInit): Promise<Response> {
  return fetch(url, { ...init, credentials: 'omit', referrerPolicy: 'no-referrer', cache: 'no-store' })
}

function explain(error: Error): string {
  // What browsers say for every reason, so that no page learns of a network it cannot see. Fetch Standard §5.6
  if (error instanceof TypeError) {
    return 'The keys could not be fetched. Their service is away, or lets no other page read them (CORS): then open the address in another tab, copy what is there, and paste it here as a key.'
  }
  return `The keys could not be had: ${error.message}.`
}
