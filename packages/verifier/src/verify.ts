import type { AccessTokenClaims } from '@latchkey/protocol'
import { invalid, VerifyError } from './errors.ts'
import { readJwksUri } from './keys/discovery.ts'
import { fetchJson } from './keys/fetch-json.ts'
import type { VerificationKey } from './keys/jwk.ts'
import { KeyRing } from './keys/key-ring.ts'
import { fixedKeys, type KeySource, suppliedKeys, toKeySet } from './keys/key-source.ts'
import { RemoteKeys } from './keys/remote-keys.ts'
import { readOptions, type Settings, type VerifierOptions } from './options.ts'
import { Standing } from './revocations/standing.ts'
import { NO_FEED, noVerifications, type VerifierStats } from './stats.ts'
import { checkExpiry, readClaims, readSession } from './token/claims.ts'
import { splitCompact } from './token/compact.ts'
import { checkType, readHeader } from './token/header.ts'
import { checkSignature } from './token/signature.ts'
import { TokenCache, type VerifiedToken } from './token-cache.ts'

export interface Verifier {
  /**
   * The claims of an access token that holds in every respect: form, header, signature, issuer, audience, times and revocation, checked
   * in this order. RFC 7515 §5.2, RFC 9068 §4, RFC 8725
   *
   * They are frozen, and the same object may be given out for the same token again. `roles`, `amr` and `auth_time` are checked where
   * they are present; Latchkey always sends them.
   *
   * Rejects with a {@link VerifyError}: TOKEN_MISSING for no token or an empty one, TOKEN_INVALID, TOKEN_EXPIRED (only when nothing else
   * was wrong but, perhaps, that it was revoked too), TOKEN_REVOKED, or KEYS_UNAVAILABLE when the issuer's keys could not be had, or
   * nothing about revocations and `onStale` asks for it.
   */
  verify(token: string | undefined | null): Promise<AccessTokenClaims>

  /**
   * The session that a token was once issued to, by its form, header and signature alone: its issuer, audience, type and times are not looked
   * at. It is for recognising a session that refreshes or signs out: never let such a token open anything.
   *
   * Rejects with TOKEN_MISSING, TOKEN_INVALID or KEYS_UNAVAILABLE.
   */
  recognize(token: string | undefined | null): Promise<{ sid: string }>

  /**
   * Gets the keys and hears the feed now rather than when the first token comes. Rejects with KEYS_UNAVAILABLE when the keys could not
   * be had, or the feed could not be heard in time and `onStale` is `'deny'`; it may be called again.
   */
  ready(): Promise<void>

  /** Ends the feed, which otherwise keeps the process alive. What is verified afterwards is judged as with a feed that was cut. */
  close(): void

  /** What it has done and knows, for metrics. */
  stats(): VerifierStats
}

/**
 * Makes a verifier for one issuer and one API. Make it once and keep it: it holds the issuer's keys, what was revoked and the tokens that
 * it has verified. It calls nobody until the first token comes.
 *
 * @throws TypeError naming the option that is wrong
 *
 * @example
 * const verifier = createVerifier({ issuer: 'https://auth.example.com', audience: 'https://api.example.com' })
 * const claims = await verifier.verify(bearerToken)
 */
export function createVerifier(options: VerifierOptions): Verifier {
  const settings = readOptions(options)
  const { now, maxCachedTokens, clockLeewaySeconds, revocations } = settings
  const keys = openKeySource(settings)
  const cache = maxCachedTokens > 0 ? new TokenCache(maxCachedTokens, clockLeewaySeconds) : undefined
  const onKeyWithdrawn = (kid: string) => keys.withdrawn(kid)
  const standing = revocations && new Standing({ ...settings, ...revocations, onKeyWithdrawn })
  const verifications = noVerifications()

  /** Waits for nothing that is at hand: most tokens have been here before. */
  async function verify(token: string): Promise<AccessTokenClaims> {
    const remembered = cache?.find(token, now() / 1000)
    if (remembered) {
      const current = keys.current()
      const ring = current instanceof KeyRing ? current : await current
      // It may have run out while they were waited for.
      if (ring !== current) checkExpiry(remembered.claims, settings, now() / 1000)
      if (ring.holds(remembered.names.kid, remembered.key)) return ifItStands(remembered, token)
    }
    return ifItStands(await verifyInFull(token), token)
  }

  async function verifyInFull(token: string): Promise<VerifiedToken> {
    const { payload, kid, key } = await open(token, false)
    const claims = readClaims(payload, settings, now() / 1000)
    const verified = { claims, names: { sid: claims.sid, jti: claims.jti, kid }, key }
    cache?.add(token, verified)
    return verified
  }

  function ifItStands(
    { claims, names }: VerifiedToken,
    token: string,
  ): AccessTokenClaims | Promise<AccessTokenClaims> {
    const waiting = standing?.check(names, token)
    if (!waiting) return claims
    return waiting.then(() => {
      // It may have run out meanwhile.
      checkExpiry(claims, settings, now() / 1000)
      return claims
    })
  }

  /** A token whose signature holds. */
  async function open(token: string, anyType: boolean) {
    const jws = splitCompact(token)
    const header = readHeader(jws.header, settings.algorithms)
    if (!anyType) checkType(header, settings.types)

    standing?.start()
    const key = await findKey(header.kid)
    await checkSignature(jws, header, key)
    return { payload: jws.payload, kid: header.kid, key }
  }

  async function findKey(kid: string): Promise<VerificationKey> {
    standing?.checkKey(kid)
    const key = (await (await keys.current()).find(kid)) ?? (await (await keys.renewed())?.find(kid))
    if (!key) throw invalid("kid must name exactly one of the issuer's keys")
    return key
  }

  return {
    async verify(token) {
      try {
        const claims = await verify(checkPresence(token))
        verifications.accepted++
        return claims
      } catch (error) {
        if (error instanceof VerifyError) verifications[error.code]++
        if (isRefusal(error) && typeof token === 'string') cache?.delete(token)
        throw error
      }
    },
    recognize: async (token) => readSession((await open(checkPresence(token), true)).payload),
    async ready() {
      await keys.current()
      await standing?.ready()
    },
    close: () => standing?.close(),
    stats: () => ({
      verifications: { ...verifications },
      cache: { size: cache?.size ?? 0, hits: cache?.hits ?? 0, misses: cache?.misses ?? 0 },
      keys: { fetches: keys.fetches, failures: keys.failures },
      feed: standing?.stats() ?? NO_FEED,
    }),
  }
}

/** Rather than that nothing could be found out. */
function isRefusal(error: unknown): boolean {
  return error instanceof VerifyError && error.code !== 'KEYS_UNAVAILABLE'
}

function checkPresence(token: string | undefined | null): string {
  if (token === undefined || token === null || token === '') {
    throw new VerifyError('TOKEN_MISSING', 'there must be a token')
  }
  if (typeof token !== 'string') throw invalid('the token must be a string')
  return token
}

function openKeySource(settings: Settings): KeySource {
  const { keys, issuer, fetch, now } = settings
  if (keys.kind === 'fixed') return fixedKeys(keys.set)
  if (keys.kind === 'supplied') return suppliedKeys(keys.supply)

  const getJson = (url: string) => fetchJson(fetch, url, settings.jwksTimeoutSeconds)
  const getKeySet = async (url: string) => toKeySet(await getJson(url))
  const load =
    keys.kind === 'published'
      ? () => getKeySet(keys.jwksUrl)
      : async () => getKeySet(readJwksUri(await getJson(keys.metadataUrl), issuer))

  return new RemoteKeys({
    load,
    now,
    maxAgeSeconds: settings.jwksMaxAgeSeconds,
    maxStaleSeconds: settings.jwksMaxStaleSeconds,
    cooldownSeconds: settings.jwksCooldownSeconds,
  })
}
