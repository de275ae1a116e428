const UNITS = [
  ['year', 31_536_000],
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
