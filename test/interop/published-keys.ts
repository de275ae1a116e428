import { createPublicKey, type webcrypto } from 'node:crypto'

/**
 * The public keys of a key set as PEM, for verifiers that fetch none themselves: asked for again after five minutes, and
 * for a name that is unknown, but then at most every thirty seconds.
 */
export function publishedKeys(jwksUrl: string): (kid: string | undefined) => Promise<string> {
  let keys = new Map<string | undefined, string>()
  let fetchedAt = Number.NEGATIVE_INFINITY
  return async (kid) => {
    const age = performance.now() - fetchedAt
    if (age > (keys.has(kid) ? 300_000 : 30_000)) {
      const response = await fetch(jwksUrl)
      const set = (await response.json()) as { keys: (webcrypto.JsonWebKey & { kid: string })[] }
      keys = new Map(set.keys.map((jwk) => [jwk.kid, toPem(jwk)]))
      fetchedAt = performance.now()
    }
    const key = keys.get(kid)
    if (key === undefined) throw new Error('no such key')
    return key
  }
}

function toPem(jwk: webcrypto.JsonWebKey): string {
  return createPublicKey({ key: jwk, format: 'jwk' }).export({ format: 'pem', type: 'spki' }) as string
}
