// A token before the reader's eyes. It owns how its members are shown; it never verifies one, and says so.

import { meaningOf as knownMeaning } from '@latchkey/verifier/inspect'
import { clockTime, roughly } from '../words/times.ts'

const TIMES = new Set(['iat', 'exp', 'nbf', 'auth_time'])

export function meaningOf(name: string): string {
  return knownMeaning(name) ?? 'added by the service'
}

/** A claim's value for people; times as a clock shows them, and how far off they are. */
export function valueInWords(name: string, value: unknown, now: Date): string {
  if (TIMES.has(name) && typeof value === 'number') {
    return `${timeInWords(value, now)}, ${roughly(value - now.getTime() / 1000)}`
  }
  if (Array.isArray(value) && value.every((item) => typeof item === 'string'))
    return value.length === 0 ? 'none' : value.join(', ')
  return typeof value === 'string' ? value : JSON.stringify(value)
}

/** A time of today by the clock, any other by its date too. */
function timeInWords(seconds: number, now: Date): string {
  const date = new Date(seconds * 1000)
  if (Number.isNaN(date.getTime())) return String(seconds)
  return date.toDateString() === now.toDateString() ? clockTime(date) : date.toLocaleString()
}
