import { metadataUrl, parseHttpUrl } from './keys/discovery.ts'
import type { FetchLike } from './keys/fetch-json.ts'
import type { JsonWebKeySet } from './keys/jwk.ts'
import { toKeySet } from './keys/key-source.ts'
import { checkNames, isFilled, readWhole } from './reading.ts'
import {
  type RevocationOptions,
  type RevocationSettings,
  readRevocationOptions,
} from './revocations/options.ts'
import { ALGORITHMS, type Algorithm, isAlgorithm } from './token/algorithm.ts'

/** A key set, or what supplies the current one. */
export type JwksSource = JsonWebKeySet | (() => JsonWebKeySet | Promise<JsonWebKeySet>)

/** Read once, when the verifier is made, and copied: changing them later changes nothing. */
export interface VerifierOptions {
  /** Who must have issued the token: its `iss`, compared character by character. RFC 7519 §4.1.1 */
  issuer: string

  /**
   * Who this API is. The token's `aud` must name it, or one of them, exactly; patterns are not accepted. RFC 9068 §4
   */
  audience: string | readonly string[]

  /**
   * Where the issuer publishes its keys: an http or https URL. Without it and without `jwks`, the keys are found by the
   * metadata at the issuer's own URL, in whose name the metadata has to be. RFC 8414
   */
  jwksUrl?: string

  /**
   * The keys themselves, for a verifier that never calls anyone; or a function that returns the current ones, which is called for
   * each token and so should answer from memory. Not together with `jwksUrl`.
   */
  jwks?: JwksSource

  /**
   * The algorithms that a token may be signed with. Each key is good for one algorithm only, whatever this list says.
   * @default ['ES256', 'EdDSA', 'RS256'], which are all there are
   */
  algorithms?: readonly Algorithm[]

  /**
   * What `typ` must be. `'JWT'` accepts `JWT` as well as `at+jwt`: use it only when the issuer was set to it, because then
   * nothing but the claims tells an access token from the issuer's other tokens. RFC 9068 §4, RFC 8725 §3.11
   * @default 'at+jwt'
   */
  typ?: 'at+jwt' | 'JWT'

  /**
   * How far the issuer's clock and this one may be apart, in seconds: a whole number from 0 to 300. Forgiven on `exp`, `nbf`
   * and `iat`; so a token also lives that much longer than it says.
   * @default 5
   */
  clockLeewaySeconds?: number

  /**
   * The longest time from `iat` to `exp` that is believed, in seconds: a whole number from 1 to 31536000 (a year). A token made to
   * live longer is refused from the start.
   * @default 86400
   */
  maxLifetimeSeconds?: number

  /**
   * How old fetched keys get before they are fetched again, in seconds: a whole number from 1 to 86400. Nobody waits for it, and a
   * key that the issuer withdraws is refused after twice this time at the latest, unless its key set cannot be reached.
   * @default 300
   */
  jwksMaxAgeSeconds?: number

  /**
   * How long fetched keys stay good while no newer ones can be had, in seconds: a whole number, no less than
   * `jwksMaxAgeSeconds`, up to 2592000 (30 days). After that, tokens are answered with KEYS_UNAVAILABLE.
   * @default 86400
   */
  jwksMaxStaleSeconds?: number

  /**
   * The least time between two requests for the keys, in seconds: a whole number from 1 to 3600. A token whose `kid` is unknown
   * asks for the keys again, but no flood of such tokens asks more often than this. After a failure, or a set that still names a key
   * which the feed has withdrawn, the first attempts come sooner: 1, 2, 4 … seconds apart.
   * @default 30
   */
  jwksCooldownSeconds?: number

  /**
   * How long one request for the keys may take, its body included, in seconds: a whole number from 1 to 60.
   * @default 5
   */
  jwksTimeoutSeconds?: number

  /**
   * Hears from the issuer which sessions, tokens and keys were revoked before their time, and refuses them at once. Without it a
   * revoked session's token is accepted until it expires.
   * @default nothing is heard
   */
  revocations?: RevocationOptions

  /**
   * Remembers tokens that were verified, so that the same token need not have its signature checked again: `maxTokens` of them at
   * most, a whole number from 2 to 1000000. Each time, its times, its key and its revocation are looked at anew.
   * @default { maxTokens: 10_000 }
   */
  cache?: { maxTokens?: number } | false

  /**
   * The time in epoch milliseconds.
   * @default Date.now
   */
  now?: () => number

  /**
   * Fetches keys and metadata, hears the feed and introspects; for a proxy or a private certificate authority.
   * @default the global fetch
   */
  fetch?: FetchLike
}

/** The options once checked, with nothing left to decide. */
export interface Settings {
  issuer: string
  audiences: ReadonlySet<string>
  keys: Whereabouts
  algorithms: ReadonlySet<Algorithm>
  /** In lower case. */
  types: ReadonlySet<string>
  clockLeewaySeconds: number
  maxLifetimeSeconds: number
  jwksMaxAgeSeconds: number
  jwksMaxStaleSeconds: number
  jwksCooldownSeconds: number
  jwksTimeoutSeconds: number
  revocations: RevocationSettings | undefined
  /** None for no cache. */
  maxCachedTokens: number
  now: () => number
  fetch: FetchLike
}

/** Where the keys are. */
export type Whereabouts =
  | { kind: 'fixed'; set: JsonWebKeySet }
  | { kind: 'supplied'; supply: () => JsonWebKeySet | Promise<JsonWebKeySet> }
  | { kind: 'published'; jwksUrl: string }
  | { kind: 'discovered'; metadataUrl: string }

const DEFAULTS = {
  algorithms: ALGORITHMS,
  typ: 'at+jwt',
  clockLeewaySeconds: 5,
  maxLifetimeSeconds: 86_400,
  jwksMaxAgeSeconds: 300,
  jwksMaxStaleSeconds: 86_400,
  jwksCooldownSeconds: 30,
  jwksTimeoutSeconds: 5,
  maxTokens: 10_000,
} as const

const NAMES: ReadonlySet<string> = new Set([
  'issuer',
  'audience',
  'jwksUrl',
  'jwks',
  'algorithms',
  'typ',
  'clockLeewaySeconds',
  'maxLifetimeSeconds',
  'jwksMaxAgeSeconds',
  'jwksMaxStaleSeconds',
  'jwksCooldownSeconds',
  'jwksTimeoutSeconds',
  'revocations',
  'cache',
  'now',
  'fetch',
])

const YEAR = 31_536_000
const MONTH = 2_592_000
const DAY = 86_400

/** Throws a TypeError that names the option for each of the caller's mistakes. */
export function readOptions(options: VerifierOptions): Settings {
  if (typeof options !== 'object' || options === null) throw new TypeError('options must be an object')
  checkNames(options, NAMES)
  const { issuer, audience, revocations, now = Date.now, fetch = callGlobalFetch } = options
  const { algorithms = DEFAULTS.algorithms, typ = DEFAULTS.typ } = options
  if (!isFilled(issuer)) throw new TypeError('issuer must be a string that is not empty')
  if (typeof now !== 'function') throw new TypeError('now must be a function')
  if (typeof fetch !== 'function') throw new TypeError('fetch must be a function')
  const jwksMaxAgeSeconds = readNumber(options, 'jwksMaxAgeSeconds', 1, DAY)

  return {
    issuer,
    audiences: readAudiences(audience),
    keys: readWhereabouts(options),
    algorithms: readAlgorithms(algorithms),
    types: readTypes(typ),
    clockLeewaySeconds: readNumber(options, 'clockLeewaySeconds', 0, 300),
    maxLifetimeSeconds: readNumber(options, 'maxLifetimeSeconds', 1, YEAR),
    jwksMaxAgeSeconds,
    jwksMaxStaleSeconds: readNumber(options, 'jwksMaxStaleSeconds', jwksMaxAgeSeconds, MONTH),
    jwksCooldownSeconds: readNumber(options, 'jwksCooldownSeconds', 1, 3600),
    jwksTimeoutSeconds: readNumber(options, 'jwksTimeoutSeconds', 1, 60),
    revocations: revocations === undefined ? undefined : readRevocationOptions(revocations, issuer),
    maxCachedTokens: readCache(options.cache),
    now,
    fetch,
  }
}

function readAudiences(audience: unknown): ReadonlySet<string> {
  const audiences: unknown[] = Array.isArray(audience) ? audience : [audience]
  if (audiences.length === 0 || !audiences.every(isFilled)) {
    throw new TypeError('audience must be a string, or an array of strings, that is not empty')
  }
  return new Set(audiences)
}

function readAlgorithms(algorithms: unknown): ReadonlySet<Algorithm> {
  if (!Array.isArray(algorithms) || algorithms.length === 0 || !algorithms.every(isAlgorithm)) {
    throw new TypeError(`algorithms must be a list of one or more of ${ALGORITHMS.join(', ')}`)
  }
  return new Set(algorithms)
}

function readTypes(typ: unknown): ReadonlySet<string> {
  if (typ === 'at+jwt') return new Set(['at+jwt', 'application/at+jwt'])
  if (typ === 'JWT') return new Set(['at+jwt', 'application/at+jwt', 'jwt', 'application/jwt'])
  throw new TypeError("typ must be 'at+jwt' or 'JWT'")
}

function readWhereabouts({ issuer, jwksUrl, jwks }: VerifierOptions): Whereabouts {
  if (jwksUrl !== undefined && jwks !== undefined)
    throw new TypeError('jwks and jwksUrl must not be given together')
  if (typeof jwks === 'function') return { kind: 'supplied', supply: jwks }
  if (jwks !== undefined) return { kind: 'fixed', set: copyKeySet(jwks) }
  if (jwksUrl !== undefined) {
    const url = parseHttpUrl(jwksUrl)
    if (!url) throw new TypeError('jwksUrl must be an http or https URL without a user name')
    return { kind: 'published', jwksUrl: url.href }
  }
  const url = metadataUrl(issuer)
  if (!url) throw new TypeError('issuer must be an http or https URL when neither jwksUrl nor jwks is given')
  return { kind: 'discovered', metadataUrl: url }
}

function copyKeySet(jwks: JsonWebKeySet): JsonWebKeySet {
  try {
    return structuredClone(toKeySet(jwks))
  } catch (cause) {
    throw new TypeError('jwks must be a key set of plain JSON, or a function', { cause })
  }
}

/** To the number of tokens to remember. */
function readCache(cache: unknown): number {
  if (cache === undefined) return DEFAULTS.maxTokens
  if (cache === false) return 0
  if (typeof cache !== 'object' || cache === null) throw new TypeError('cache must be an object or false')
  checkNames(cache, new Set(['maxTokens']), 'cache.')
  const { maxTokens = DEFAULTS.maxTokens }: { maxTokens?: unknown } = cache
  return readWhole('cache.maxTokens', maxTokens, 2, 1_000_000)
}

function readNumber(options: VerifierOptions, name: NumericOption, least: number, most: number): number {
  const { [name]: value = DEFAULTS[name] } = options
  return readWhole(name, value, least, most)
}

type NumericOption =
  | 'clockLeewaySeconds'
  | 'maxLifetimeSeconds'
  | 'jwksMaxAgeSeconds'
  | 'jwksMaxStaleSeconds'
  | 'jwksCooldownSeconds'
  | 'jwksTimeoutSeconds'

/** Some runtimes refuse a `fetch` that was taken off its global object. */
const callGlobalFetch: FetchLike = (url, init) => fetch(url, init)
