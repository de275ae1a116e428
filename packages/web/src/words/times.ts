const UNITS = [
  ['day', 86_400],
  ['hour', 3600],
  ['minute', 60],
  ['second', 1],
] as const

/** `in 14 minutes`, `20 seconds ago`, `now`: from a number of seconds ahead. */
export function roughly(secondsAhead: number): string {
  const size = Math.abs(secondsAhead)
  if (size < 1) return 'now'
  const length = duration(size)
  return secondsAhead > 0 ? `in ${length}` : `${length} ago`
}

/** `15 minutes`: the largest unit that fits, in whole numbers. */
export function duration(seconds: number): string {
  const [name, size] = UNITS.find(([, unit]) => seconds >= unit) ?? ['second', 1]
  const count = Math.floor(seconds / size)
  return `${count} ${name}${count === 1 ? '' : 's'}`
}

/** `14:05`, or `0:03`: what is left of a token. */
export function countdown(seconds: number): string {
  const left = Math.max(0, Math.ceil(seconds))
  return `${Math.floor(left / 60)}:${String(left % 60).padStart(2, '0')}`
}

/** The time of day in the reader's own style. */
export function clockTime(date: Date): string {
  return date.toLocaleTimeString(undefined, { hour: '2-digit', minute: '2-digit', second: '2-digit' })
}
