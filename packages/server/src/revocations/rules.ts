import type { Instant } from '../time.ts'
import type { RevocationEntry } from './entry.ts'

/**
 * How long an entry outlives its tokens: a verifier may forgive 300 seconds after their end, and its clock be a minute behind. One
 * that starts then has heard nothing before.
 */
const CLOCK_SLACK_SECONDS = 360
/** A key that leaked can be used for as long as somebody still believes in it: long enough to reach every copy of the set. */
const KEY_SECONDS = 30 * 86_400

/** The place before every entry: its event id is `0-0`. */
export const NOTHING = { position: 0, revokedAt: 0 }

const EVENT_ID = /^(0|[1-9]\d{0,14})-(0|[1-9]\d{0,14})$/

/**
 * The event id of an entry. It holds the time too: after a backup was restored, positions come a second time, and a reader
 * from before must not be taken for one that has read them.
 */
export function eventId({ position, revokedAt }: Pick<RevocationEntry, 'position' | 'revokedAt'>): string {
  return `${position}-${revokedAt}`
}

/** What an event id names; null for a text that is none. */
export function parseEventId(text: string): Pick<RevocationEntry, 'position' | 'revokedAt'> | null {
  const match = EVENT_ID.exec(text)
  return match === null ? null : { position: Number(match[1]), revokedAt: Number(match[2]) }
}

/** For how long the end of a session is told: until the last access token that it could have issued has run out. */
export function secondsToRefuseSession(accessTtlSeconds: number): number {
  return accessTtlSeconds + CLOCK_SLACK_SECONDS
}

/** Until when a token that expires at an instant is refused by its id. */
export function refuseTokenUntil(tokenExpiresAt: Instant): Instant {
  return tokenExpiresAt + CLOCK_SLACK_SECONDS * 1000
}

/** Until when a key that was withdrawn is refused by its id. */
export function refuseKeyUntil(withdrawnAt: Instant): Instant {
  return withdrawnAt + KEY_SECONDS * 1000
}
