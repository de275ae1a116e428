import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { startLatchkey } from './lab/service.ts'
import { Connection } from './load/connection.ts'
import { median } from './load/latencies.ts'
import { milliseconds } from './report.ts'
import type { Finding, Scenario } from './scenario.ts'

const PROMISED_MS = 500
const READY = 'GET /readyz HTTP/1.1\r\nHost: localhost\r\n\r\n'

/** How long a deployment waits: from the spawn of the process until `/readyz` says 200. */
export const startup: Scenario = {
  summary: 'from spawn to ready, on a new and on an existing database',
  async run({ quick, workplace, progress }) {
    const times = quick ? 3 : 10
    const existing = join(workplace.directory, 'existing')
    // The first start of all fills Node's compile cache, and makes the database that is then an existing one.
    progress(`the first start took ${milliseconds(await timeToReady(existing))}`)
    const onNew: number[] = []
    const onExisting: number[] = []
    for (let run = 0; run < times; run++) {
      onNew.push(await timeToReady(join(workplace.directory, `new-${run}`)))
      onExisting.push(await timeToReady(existing))
    }
    return [summarise('a new database', onNew), summarise('an existing database', onExisting)]
  },
}

async function timeToReady(directory: string): Promise<number> {
  const service = await startLatchkey({ directory })
  try {
    const connection = await Connection.open(service.origin)
    while ((await connection.send(READY)).status !== 200) await sleep(1)
    const ready = performance.now()
    connection.close()
    return ready - service.spawnedAt
  } finally {
    await service.stop()
  }
}

function summarise(database: string, times: number[]): Finding {
  return {
    what: `from spawn to ready on ${database}, median (worst)`,
    measured: `${milliseconds(median(times))} (${milliseconds(Math.max(...times))})`,
    promised: `under ${PROMISED_MS} ms`,
    holds: Math.max(...times) < PROMISED_MS,
  }
}
