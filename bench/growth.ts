import { statSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { registerClients } from './lab/clients.ts'
import { type Service, startLatchkey } from './lab/service.ts'
import { type Client, closedLoop } from './load/loops.ts'
import { megabytes, table, whole } from './report.ts'
import type { Scenario } from './scenario.ts'

const CONNECTIONS = 32
const FIRST = 10_000
const PROMISED_GROWTH = 1.1

interface Size {
  refreshes: number
  rows: number
  bytes: number
}

/** What a session costs to keep after its thousandth refresh: as much as after its tenth. */
export const growth: Scenario = {
  summary: 'rows and bytes on disk after 1,000,000 refreshes of 1,000 sessions',
  async run({ quick, delivery, workplace, progress }) {
    const sessions = quick ? 100 : 1000
    const all = quick ? 100_000 : 1_000_000
    const goals = new Set([FIRST, ...Array.from({ length: 10 }, (_, tenth) => ((tenth + 1) * all) / 10)])
    const service = await startLatchkey({ directory: join(workplace.directory, 'growth') })
    try {
      progress(`registering ${whole(sessions)} sessions`)
      const clients = await registerClients(service, delivery, CONNECTIONS, sessions)
      const sizes = [sizeOf(service, 0)]
      for (const goal of goals) {
        await refreshUntil(goal, sizes.at(-1)!.refreshes, clients, service)
        sizes.push(sizeOf(service, goal))
        progress(`${whole(goal)} of ${whole(all)} refreshes`)
      }
      progress(table([['refreshes', 'rows', 'database and log'], ...sizes.map(line)]))
      const [before, early, late] = [sizes[0]!, sizes[1]!, sizes.at(-1)!]
      return [
        {
          what: `rows after ${whole(all)} refreshes, of those before`,
          measured: `${whole(late.rows)} of ${whole(before.rows)}`,
          promised: 'unchanged',
          holds: late.rows === before.rows,
        },
        {
          what: `bytes on disk, of those after ${whole(FIRST)}`,
          measured: (late.bytes / early.bytes).toFixed(3),
          promised: `at most ${PROMISED_GROWTH}`,
          holds: late.bytes <= early.bytes * PROMISED_GROWTH,
        },
      ]
    } finally {
      await service.stop()
    }
  },
}

/** Stops at exactly `goal`: the refreshes that are under way count before they are answered. */
async function refreshUntil(goal: number, done: number, clients: Client[], service: Service): Promise<void> {
  let left = goal - done
  await closedLoop(clients, service, () => left-- <= 0)
}

function sizeOf({ databaseFile }: Service, refreshes: number): Size {
  const bytes = [databaseFile, `${databaseFile}-wal`].reduce((sum, file) => sum + statSync(file).size, 0)
  return { refreshes, rows: rowsOf(databaseFile), bytes }
}

/** Of every table, whatever the service keeps in it. */
function rowsOf(databaseFile: string): number {
  const database = new DatabaseSync(databaseFile, { readOnly: true })
  try {
    const tables = database.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").all()
    return tables.reduce((sum, { name }) => {
      return sum + Number(database.prepare(`SELECT count(*) AS rows FROM "${name}"`).get()?.rows)
    }, 0)
  } finally {
    database.close()
  }
}

function line({ refreshes, rows, bytes }: Size): string[] {
  return [whole(refreshes), whole(rows), megabytes(bytes)]
}
