import { BEFORE_ALL_IDS } from '../ids.ts'
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

export function newRound(now: Instant): Round {
  return { startedAt: now, looked: 0, removed: 0, behind: BEFORE_ALL_IDS }
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
