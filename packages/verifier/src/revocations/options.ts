// What was revoked before its time: how this verifier hears of it, what it remembers, and what it does when it hears nothing.
// Nothing here looks into a token: it is asked about a session, a token's id or a key.

import { parseHttpUrl } from '../keys/discovery.ts'
import { checkNames, isFilled, readWhole } from '../reading.ts'
import { basicCredentials } from './basic.ts'

export const STALE_POLICIES = ['allow', 'deny', 'introspect'] as const

export type StalePolicy = (typeof STALE_POLICIES)[number]

/** How to hear of revocations. Read once, and copied. */
export interface RevocationOptions {
  /** Who this service is to the issuer: the id that `latchkey services add` shows. */
  clientId: string

  /** What proves it. It is sent to `url` and `introspectionUrl` alone, and is in no error and no statistic. */
  clientSecret: string

  /**
   * The issuer's feed of revocations: an http or https URL, https when the issuer's is.
   * @default the issuer followed by /auth/revocations
   */
  url?: string

  /**
   * Where the issuer answers whether one token is still good, which is asked only with `onStale: 'introspect'`. RFC 7662
   * @default the issuer followed by /oauth/introspect
   */
  introspectionUrl?: string

  /**
   * What becomes of a token that holds in every other respect while the feed is stale, or has not been heard at all:
   *
   * - `'allow'`: it is accepted, so that the issuer's outage stops nobody. What was revoked meanwhile is refused when it expires.
   * - `'deny'`: KEYS_UNAVAILABLE, so that nothing that was revoked ever opens anything.
   * - `'introspect'`: the issuer is asked about each token, and the answer that it is good believed for two seconds. A token that is not
   *   is TOKEN_REVOKED; without an answer within three seconds it is KEYS_UNAVAILABLE.
   *
   * @default 'allow'
   */
  onStale?: StalePolicy

  /**
   * How long after the last sign of life the feed counts as stale, in seconds: a whole number from 10 to 3600. The service gives one
   * every 5 seconds.
   * @default 30
   */
  staleAfterSeconds?: number

  /**
   * How long the first tokens may wait until the feed has been heard for the first time, in seconds: a whole number from 0 to 30.
   * After that, `onStale` decides.
   * @default 2
   */
  startTimeoutSeconds?: number
}

export interface RevocationSettings {
  url: string
  introspectionUrl: string
  /** The `Authorization` header. */
  authorization: string
  onStale: StalePolicy
  staleAfterSeconds: number
  startTimeoutSeconds: number
}

const NAMES = new Set([
  'clientId',
  'clientSecret',
  'url',
  'introspectionUrl',
  'onStale',
  'staleAfterSeconds',
  'startTimeoutSeconds',
])

/** Throws a TypeError that names the option for each of the caller's mistakes. */
export function readRevocationOptions(options: RevocationOptions, issuer: string): RevocationSettings {
  if (typeof options !== 'object' || options === null) throw new TypeError('revocations must be an object')
  checkNames(options, NAMES, 'revocations.')
  const { clientId, clientSecret, url, introspectionUrl, onStale = 'allow' } = options
  if (!isFilled(clientId)) throw new TypeError('revocations.clientId must be a string that is not empty')
  if (!isFilled(clientSecret))
    throw new TypeError('revocations.clientSecret must be a string that is not empty')
  if (!STALE_POLICIES.some((policy) => policy === onStale)) {
    throw new TypeError(`revocations.onStale must be one of ${STALE_POLICIES.join(', ')}`)
  }
  const { staleAfterSeconds = 30, startTimeoutSeconds = 2 } = options
  return {
    url: readUrl('revocations.url', url, issuer, '/auth/revocations'),
    introspectionUrl: readUrl('revocations.introspectionUrl', introspectionUrl, issuer, '/oauth/introspect'),
    authorization: basicCredentials(clientId, clientSecret),
    onStale,
    staleAfterSeconds: readWhole('revocations.staleAfterSeconds', staleAfterSeconds, 10, 3600),
    startTimeoutSeconds: readWhole('revocations.startTimeoutSeconds', startTimeoutSeconds, 0, 30),
  }
}

/** A secret goes there, so never by plain http to an issuer that speaks https. */
function readUrl(name: string, given: unknown, issuer: string, path: string): string {
  const url = parseHttpUrl(given === undefined ? issuer.replace(/\/$/, '') + path : given)
  if (!url || (issuer.startsWith('https:') && url.protocol !== 'https:')) {
    throw new TypeError(`${name} must be an http or https URL without a user name, as secure as the issuer's`)
  }
  return url.href
}
