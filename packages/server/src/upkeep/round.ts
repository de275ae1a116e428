import type { Instant } from '../time.ts'

/** How far a round has come, whoever has worked on it. */
export interface Round {
  startedAt: Instant
  /** Rows that were looked at. */
  looked: number
  removed: number
  /** The last id that was looked at. */
  behind: string
}

/** Comes before every id: a random one is never all zeros. */
export const BEFORE_ALL = '00000000-0000-0000-0000-000000000000'

export function newRound(now: Instant): Round {
  return { startedAt: now, looked: 0, removed: 0, behind: BEFORE_ALL }
}

/** The text that a plan's cursor keeps. */
export function roundToText({ startedAt, looked, removed, behind }: Round): string {
  return [startedAt, looked, removed, behind].join(' ')
}

/** Null for no text, and for one that another version has written: the round begins again then. */
export function roundFromText(text: string | null): Round | null {
  const match = /^(\d{1,15}) (\d{1,15}) (\d{1,15}) ([0-9a-f-]{36})$/.exec(text ?? '')
  if (match === null) return null
  const [, startedAt, looked, removed, behind] = match
  return {
    startedAt: Number(startedAt),
    looked: Number(looked),
    removed: Number(removed),
    behind: behind as string,
  }
}

const PLACE_BITS = 48

/** Where an id stands among all there could be, from 0 up to 1: of that share of the sessions it is the last. */
export function placeOf(id: string): number {
  return Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16) / 2 ** PLACE_BITS
}

/** The id at such a place. */
export function idAt(place: number): string {
  const hex = Math.floor(place * 2 ** PLACE_BITS)
    .toString(16)
    .padStart(PLACE_BITS / 4, '0')
  return `${hex.slice(0, 8)}-${hex.slice(8)}${BEFORE_ALL.slice(13)}`
}
