/** How far a command has come, on standard error: a bar on a terminal, and a line now and then elsewhere. */
export interface Progress {
  /**
   * @param count how many rows have been dealt with
   * @param share of the work that is done, 0 to 1; null where nobody knows
   * @param more what there is to say beside
   */
  update(count: number, share: number | null, more?: string): void
  /** A line that stays. */
  note(line: string): void
  /** Takes the bar away. */
  end(): void
}

const DRAW_EVERY_MS = 100
const LINE_EVERY_MS = 5_000
const BAR_WIDTH = 24
const CLEAR_LINE = '\r\u001b[K'

/** @param unit what the rows are, such as `users` */
export function createProgress(unit: string, out: NodeJS.WriteStream = process.stderr): Progress {
  const start = performance.now()
  const every = out.isTTY ? DRAW_EVERY_MS : LINE_EVERY_MS
  let next = start + every
  const clear = () => out.isTTY && out.write(CLEAR_LINE)
  return {
    update(count, share, more = '') {
      const now = performance.now()
      if (now < next) return
      next = now + every
      const text = describe(unit, count, share, (now - start) / 1000)
      out.write(out.isTTY ? `${CLEAR_LINE}${barOf(share)}${text}${more}` : `${text}${more}\n`)
    },
    note(line) {
      clear()
      out.write(`${line}\n`)
    },
    end: () => void clear(),
  }
}

/** Such as `120,000 users, 45,000/s, 12 s left`. */
function describe(unit: string, count: number, share: number | null, seconds: number): string {
  const rate = `${formatCount(count)} ${unit}, ${formatCount(Math.round(count / seconds))}/s`
  if (share === null || share <= 0) return rate
  return `${rate}, ${formatSeconds((seconds / Math.min(1, share)) * (1 - Math.min(1, share)))} left`
}

function barOf(share: number | null): string {
  if (share === null) return ''
  const filled = Math.round(Math.min(1, share) * BAR_WIDTH)
  return `[${'#'.repeat(filled)}${'.'.repeat(BAR_WIDTH - filled)}] ${Math.floor(Math.min(1, share) * 100)}%  `
}

export function formatCount(count: number): string {
  return count.toLocaleString('en-US')
}

export function formatSeconds(seconds: number): string {
  const whole = Math.ceil(seconds)
  return whole < 120 ? `${whole} s` : `${Math.ceil(whole / 60)} min`
}
