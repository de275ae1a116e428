import type { Administration } from '../administration.ts'
import { createProgress, formatCount } from './progress.ts'
import type { Settings } from './settings.ts'
import { print, withService } from './with-service.ts'

export interface GcFlags {
  dryRun: boolean
  json: boolean
}

/** As a shell says of a command that Ctrl-C ended. */
const INTERRUPTED = 130

/** `latchkey gc`; resolves to its exit code. */
export async function collectGarbage(settings: Settings, { dryRun, json }: GcFlags): Promise<number> {
  let code = 0
  await withService(settings, async ({ upkeep }) => {
    code = dryRun ? await showEstimate(upkeep, json) : await run(upkeep, json)
  })
  return code
}

async function run(upkeep: Administration['upkeep'], json: boolean): Promise<number> {
  const stop = new AbortController()
  const onSignal = () => stop.abort()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, onSignal)
  const progress = createProgress('sessions')
  const report = await upkeep
    .run({
      signal: stop.signal,
      onProgress: ({ looked, removed, done }) =>
        progress.update(looked, done, `, ${formatCount(removed)} removed`),
    })
    .finally(progress.end)
  if (json) print(JSON.stringify(report))
  else {
    const { looked, removed, seconds, finished } = report
    print(
      `${formatCount(removed)} of ${formatCount(looked)} sessions were over for long, and are removed (${seconds.toFixed(1)} s).`,
    )
    if (!finished) print('It was stopped before it had seen all: call it again, and it looks at the rest.')
  }
  return report.finished ? 0 : INTERRUPTED
}

async function showEstimate(upkeep: Administration['upkeep'], json: boolean): Promise<number> {
  const estimate = await upkeep.estimate()
  if (json) {
    print(JSON.stringify(estimate))
    return 0
  }
  const { sessions, removable, bytes, method, looked } = estimate
  const about = method === 'sampled' ? 'About ' : ''
  print(`${about}${formatCount(removable)} of ${formatCount(sessions)} sessions have been over for long.`)
  print(`They take some ${formatBytes(bytes)}, which the database keeps for new rows once they are removed.`)
  print(
    method === 'counted'
      ? 'Every session was looked at.'
      : `Estimated from ${formatCount(looked)} sessions, taken evenly from the whole table.`,
  )
  print('Nothing was removed.')
  return 0
}

function formatBytes(bytes: number): string {
  const units = ['bytes', 'kB', 'MB', 'GB', 'TB']
  const power = bytes < 1000 ? 0 : Math.min(units.length - 1, Math.floor(Math.log10(bytes) / 3))
  return `${Number((bytes / 1000 ** power).toPrecision(3))} ${units[power]}`
}
