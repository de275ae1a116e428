import { dirname, join } from 'node:path'
import { type MoveReport, moveDatabase } from '../auth.ts'
import { ConfigError } from '../errors.ts'
import { createProgress, formatCount, formatSeconds } from './progress.ts'
import type { Settings } from './settings.ts'
import { optionsOf, print } from './with-service.ts'

export interface MoveFlags {
  to: string
  dryRun: boolean
  json: boolean
}

/** As measured on two cores that PostgreSQL shares with the command. */
const ROWS_PER_SECOND = 30_000

/** `latchkey move --to postgres://...` */
export async function move(settings: Settings, { to, dryRun, json }: MoveFlags): Promise<void> {
  if (!/^postgres(?:ql)?:\/\//.test(to) || !URL.canParse(to)) {
    // The text itself may hold a password.
    throw new ConfigError([{ setting: '--to', problem: 'must be postgres://USER@HOST:PORT/NAME' }])
  }
  const progress = createProgress('rows')
  const start = performance.now()
  let report: MoveReport
  try {
    report = await moveDatabase(optionsOf(settings), to, {
      dryRun,
      onProgress: (rows, total) => progress.update(rows, rows / total),
    })
  } finally {
    progress.end()
  }
  const seconds = Math.round(performance.now() - start) / 1000
  if (json) print(JSON.stringify({ ...report, seconds }))
  else tell(report, seconds, settings)
}

function tell({ outcome, rows, path, target }: MoveReport, seconds: number, settings: Settings): void {
  const counts = Object.entries(rows)
    .filter(([, count]) => count > 0)
    .map(([table, count]) => `${formatCount(count)} ${table}`)
    .join(', ')
  const total = Object.values(rows).reduce((sum, count) => sum + count, 0)
  switch (outcome) {
    case 'dry-run':
      print(`There is to move: ${counts}. The database ${target} is empty.`)
      print(
        `It takes about ${formatSeconds(total / ROWS_PER_SECOND + 1)}; services that run on the file refuse writes meanwhile.`,
      )
      return
    case 'moved-before':
      print(`The data of ${path} is in the database ${target} already.`)
      return
    case 'moved':
      print(`Moved in ${formatSeconds(seconds)}: ${counts}.`)
      break
    case 'finished':
      print('A move that was broken off at its last step had arrived, and is finished now.')
  }
  print(
    `${path} takes no write any more. Start the services with LATCHKEY_DATABASE_URL set to postgres://USER:PASSWORD@${target}.`,
  )
  if (settings.options.secret === undefined) {
    print(`They need the same secret: set LATCHKEY_SECRET to what is in ${join(dirname(path), 'secret')}.`)
  }
}
