// What a token must look like, from its outermost form to its claims, as rules over (token, settings, now).
// Nothing here fetches, reads a clock or knows where a key comes from: keys/ does.

/**
 * The algorithms there are. No `none` and no HS*: whoever can check a MAC can also forge it, and a public key taken for a
 * MAC key lets everyone do so. RFC 8725 §3.1
 */
export const ALGORITHMS = ['ES256', 'EdDSA', 'RS256'] as const

export type Algorithm = (typeof ALGORITHMS)[number]

export function isAlgorithm(name: unknown): name is Algorithm {
  return ALGORITHMS.some((algorithm) => algorithm === name)
}
