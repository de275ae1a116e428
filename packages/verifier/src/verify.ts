import type { AccessTokenClaims } from '@latchkey/protocol'
import { invalid, VerifyError } from './errors.ts'
import { readJwksUri } from './keys/discovery.ts'
import { fetchJson } from './keys/fetch-json.ts'
import type { VerificationKey } from './keys/jwk.ts'
import { KeyRing } from './keys/key-ring.ts'
import { type KeySource, suppliedKeys, toKeySet } from './keys/key-source.ts'
import { RemoteKeys } from './keys/remote-keys.ts'
import { readOptions, type Settings, type VerifierOptions } from './options.ts'
import { readClaims, readSession } from './token/claims.ts'
import { splitCompact } from './token/compact.ts'
import { checkType, readHeader } from './token/header.ts'
import { checkSignature } from './token/signature.ts'

export interface Verifier {
  /**
   * The claims of an access token that holds in every respect: form, header, signature, issuer, audience and times, checked in this
   * order. RFC 7515 §5.2, RFC 9068 §4, RFC 8725
   *
   * `roles`, `amr` and `auth_time` are checked where they are present; Latchkey always sends them.
   *
   * Rejects with a {@link VerifyError}: TOKEN_MISSING for no token or an empty one, TOKEN_INVALID, TOKEN_EXPIRED (only when nothing else
   * was wrong), or KEYS_UNAVAILABLE when the issuer's keys could not be had.
   */
  verify(token: string | undefined | null): Promise<AccessTokenClaims>

  /**
   * The session that a token was once issued to, by its form, header and signature alone: its issuer, audience, type and times are not looked
   * at. It is for recognising a session that refreshes or signs out: never let such a token open anything.
   *
   * Rejects with TOKEN_MISSING, TOKEN_INVALID or KEYS_UNAVAILABLE.
   */
  recognize(token: string | undefined | null): Promise<{ sid: string }>
}

/**
 * Makes a verifier for one issuer and one API. Make it once and keep it: it holds the issuer's keys. It calls nobody until the first
 * token comes, and then only for the keys.
 *
 * @throws TypeError naming the option that is wrong
 *
 * @example
 * const verifier = createVerifier({ issuer: 'https://auth.example.com', audience: 'https://api.example.com' })
 * const claims = await verifier.verify(bearerToken)
 */
export function createVerifier(options: VerifierOptions): Verifier {
  const settings = readOptions(options)
  const findKey = createKeyFinder(settings)

  /** The payload of a token whose signature holds. */
  async function openToken(token: string | undefined | null, anyType: boolean): Promise<Uint8Array> {
    if (token === undefined || token === null || token === '') {
      throw new VerifyError('TOKEN_MISSING', 'there must be a token')
    }
    if (typeof token !== 'string') throw invalid('the token must be a string')

    const jws = splitCompact(token)
    const header = readHeader(jws.header, settings.algorithms)
    if (!anyType) checkType(header, settings.types)

    const key = await findKey(header.kid)
    if (!key) throw invalid("kid must name exactly one of the issuer's keys")
    await checkSignature(jws, header, key)
    return jws.payload
  }

  return {
    verify: async (token) => readClaims(await openToken(token, false), settings, settings.now() / 1000),
    recognize: async (token) => readSession(await openToken(token, true)),
  }
}

function createKeyFinder(settings: Settings): (kid: string) => Promise<VerificationKey | undefined> {
  const source = openKeySource(settings)
  const ring = new KeyRing()

  return async (kid) => {
    const key = await ring.find(await source.current(), kid)
    if (key) return key

    const renewed = await source.renewed()
    return renewed && ring.find(renewed, kid)
  }
}

function openKeySource(settings: Settings): KeySource {
  const { keys, issuer, fetch, now } = settings
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
