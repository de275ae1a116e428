import type { Instant } from '../time.ts'
import type { SigningAlgorithm, StoredKey } from './key.ts'

export interface KeyPolicy {
  algorithm: SigningAlgorithm
  /** Seconds that a key signs before the next one takes over. */
  rotationSeconds: number
  /** Seconds that a key is published before it signs: longer than any verifier keeps the key set. */
  publishAheadSeconds: number
  /** The lifetime of the tokens that this node issues, in seconds. */
  tokenSeconds: number
  /** Seconds after its last token that a public key is kept to recognise expired tokens at the refresh. */
  rememberSeconds: number
}

export type KeyPhase =
  /** Published, does not sign yet. */
  | 'next'
  | 'signing'
  /** Signs no more; its tokens are still good. */
  | 'retiring'
  /** All of its tokens have expired: unpublished, without its private half. */
  | 'retired'
  | 'forgotten'

/** The clock difference between nodes and verifiers that a key outlives its tokens by. */
const CLOCK_SLACK_SECONDS = 60

/** The phase of every key. The newest key that is active signs. */
export function phases(keys: readonly StoredKey[], now: Instant, policy: KeyPolicy): Map<string, KeyPhase> {
  const ordered = keys.toSorted((a, b) => a.activeFrom - b.activeFrom || (a.id < b.id ? -1 : 1))
  return new Map(
    ordered.map((key, i) => [
      key.id,
      phase(key, ordered[i + 1]?.activeFrom ?? Number.POSITIVE_INFINITY, now, policy),
    ]),
  )
}

function phase(key: StoredKey, successorFrom: Instant, now: Instant, policy: KeyPolicy): KeyPhase {
  if (now < key.activeFrom) return 'next'
  if (now < successorFrom) return 'signing'
  const lastTokenEnds = successorFrom + (key.tokenSeconds + CLOCK_SLACK_SECONDS) * 1000
  if (now < lastTokenEnds) return 'retiring'
  return now < lastTokenEnds + policy.rememberSeconds * 1000 ? 'retired' : 'forgotten'
}

/**
 * When the next key shall start to sign, or null when none needs to be made now: at the end of the current key's
 * term, sooner when the algorithm was changed, at once when nothing signs yet; and otherwise never before verifiers
 * had the time to learn of it.
 * @param mayChangeAlgorithm whether another algorithm than the current key's is a reason
 */
export function nextKeyActiveFrom(
  keys: readonly StoredKey[],
  now: Instant,
  policy: KeyPolicy,
  { mayChangeAlgorithm } = { mayChangeAlgorithm: true },
): Instant | null {
  const byPhase = phases(keys, now, policy)
  if (keys.some(({ id }) => byPhase.get(id) === 'next')) return null
  const current = keys.find(({ id }) => byPhase.get(id) === 'signing')
  if (current === undefined) return now
  const soonest = now + policy.publishAheadSeconds * 1000
  if (mayChangeAlgorithm && current.algorithm !== policy.algorithm) return soonest
  const termEnds = current.activeFrom + policy.rotationSeconds * 1000
  return termEnds <= soonest ? soonest : null
}
