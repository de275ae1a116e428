import { type Delay, isName, isStop, NAMES, type Name, STOPS, type Stop, takes } from './faults.ts'

/** A share of the requests, drawn at random, or every request in the first `forMs` of each `everyMs`. */
export type When = { share: number } | { forMs: number; everyMs: number }

/** What is rehearsed. */
export interface Plan {
  /** In the order in which a request meets them. */
  stops: readonly { fault: Stop; when: When }[]
  delays: readonly { fault: Delay; leastMs: number; mostMs: number }[]
  /** How far the service's clock is ahead, in milliseconds; negative where it is behind. */
  clockOffsetMs: number
  /** What the random draws start from; null where nobody asked for one. */
  seed: number | null
  /** The items as they were given. */
  items: readonly { name: Name; text: string }[]
}

const ACCEPTED = {
  WHEN: 'a share of the requests such as 10%, or a spell such as 10s/60s for the first 10 s of every 60 s',
  TIME: 'a time such as 500ms or 2s, or a range such as 200-2000ms, up to 1h',
  OFFSET: 'a sign and a time such as +1h or -30m, up to 24h',
  NUMBER: 'a whole number such as 42',
}

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 }
const MAX_DELAY_MS = 3_600_000
/** Further off, a development database would lose its sessions and keys for good: they would be past their time. */
const MAX_OFFSET_MS = 24 * 3_600_000

/**
 * Reads a list of faults, and lists everything in it that cannot be read: each problem names its item.
 *
 * @param given a text with commas, as the flag takes it, or a list of its items
 */
export function parsePlan(given: unknown): { plan: Plan; problems: string[] } {
  const stops: { fault: Stop; when: When }[] = []
  const delays: { fault: Delay; leastMs: number; mostMs: number }[] = []
  const items: { name: Name; text: string }[] = []
  const problems: string[] = []
  let clockOffsetMs = 0
  let seed: number | null = null

  for (const text of itemsOf(given)) {
    const at = text.indexOf('=')
    const name = at === -1 ? text : text.slice(0, at)
    const value = at === -1 ? '' : text.slice(at + 1)
    if (!isName(name)) problems.push(`${text}: there is no such fault. There are ${NAMES.join(', ')}`)
    else if (items.some((item) => item.name === name)) problems.push(`${text}: ${name} is given twice`)
    else {
      items.push({ name, text })
      if (!take(name, value)) problems.push(`${text}: ${name} takes ${ACCEPTED[takes(name)]}`)
    }
  }
  if (!items.some(({ name }) => name !== 'seed') && problems.length === 0) {
    problems.push(
      `names no fault. There are ${NAMES.join(', ')}, such as in drop-refresh-answer=10%,delay=2s`,
    )
  }
  stops.sort((a, b) => STOPS.indexOf(a.fault) - STOPS.indexOf(b.fault))
  return { plan: { stops, delays, clockOffsetMs, seed, items }, problems }

  function take(name: Name, value: string): boolean {
    if (name === 'clock') {
      const offset = parseOffset(value)
      clockOffsetMs = offset ?? 0
      return offset !== null
    }
    if (name === 'seed') {
      seed = /^\d{1,15}$/.test(value) ? Number(value) : null
      return seed !== null
    }
    if (isStop(name)) {
      const when = parseWhen(value)
      if (when !== null) stops.push({ fault: name, when })
      return when !== null
    }
    const range = parseRange(value)
    if (range !== null) delays.push({ fault: name, leastMs: range[0], mostMs: range[1] })
    return range !== null
  }
}

function itemsOf(given: unknown): string[] {
  const texts: unknown[] = Array.isArray(given) ? given : [given]
  return texts
    .flatMap((text) => String(text).split(','))
    .map((item) => item.trim())
    .filter((item) => item !== '')
}

function parseWhen(text: string): When | null {
  const percent = /^(\d+(?:\.\d+)?)%$/.exec(text)?.[1]
  if (percent !== undefined) return Number(percent) <= 100 ? { share: Number(percent) / 100 } : null
  const spell = parsePair(text, '/')
  return spell !== null && spell[0] > 0 ? { forMs: spell[0], everyMs: spell[1] } : null
}

function parseRange(text: string): [leastMs: number, mostMs: number] | null {
  const range = text.includes('-') ? parsePair(text, '-') : parsePair(`${text}-${text}`, '-')
  return range !== null && range[1] <= MAX_DELAY_MS ? range : null
}

function parseOffset(text: string): number | null {
  const ms = /^[+-]/.test(text) ? parseDuration(text.slice(1)) : null
  if (ms === null || ms > MAX_OFFSET_MS) return null
  return text.startsWith('-') ? -ms : ms
}

/** Two durations, the first no longer than the second, whose unit the first may leave out: `200-2000ms`. */
function parsePair(text: string, separator: string): [number, number] | null {
  const [first = '', second = '', ...more] = text.split(separator)
  const unit = /[a-z]+$/.exec(second)?.[0] ?? ''
  const pair = [parseDuration(/\d$/.test(first) ? first + unit : first), parseDuration(second)] as const
  if (more.length > 0 || pair[0] === null || pair[1] === null || pair[0] > pair[1]) return null
  return [pair[0], pair[1]]
}

function parseDuration(text: string): number | null {
  const [, amount, unit] = /^(\d{1,9}(?:\.\d{1,9})?)(ms|s|m|h)$/.exec(text) ?? []
  return amount === undefined || unit === undefined ? null : Number(amount) * (UNIT_MS[unit] as number)
}
