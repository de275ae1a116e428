import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { clientsOfPopulation } from './lab/clients.ts'
import { seed } from './lab/seed.ts'
import { startLatchkey } from './lab/service.ts'
import { STORE_NAMES, type Store, type StoreName, startStore } from './lab/stores.ts'
import { type Contender, LOAD_HEADINGS, loadCells, medianOf, ratioOf, takeTurns } from './lab/turns.ts'
import { whole } from './report.ts'
import type { Finding, Scenario, Settings } from './scenario.ts'

const CONNECTIONS = 32
/** That refresh, of those that live: spread over all of them, and more than are refreshed while somebody measures. */
const TAKING_PART = 100_000
const PROMISED_RATIO = 0.9
const ON: readonly StoreName[] = ['sqlite', 'postgres']

/** Refreshes per second with few and with many live sessions: the rate is to be the same. */
export const sessions: Scenario = {
  summary: 'refreshes per second with 1,000 to 1,000,000 live sessions',
  async run(settings) {
    const counts = settings.quick ? [1_000, 10_000, 100_000] : [1_000, 10_000, 100_000, 1_000_000]
    const findings: Finding[] = []
    const series: { name: string; y: number[] }[] = []
    for (const name of ON.filter((name) => settings.stores.includes(name))) {
      const { rates, finding } = await measure(name, counts, settings)
      series.push({ name: STORE_NAMES[name], y: rates })
      findings.push(finding)
    }
    settings.keepPlot('rates', {
      kind: 'lines',
      title: `Refreshes per second at ${CONNECTIONS} connections, by live sessions`,
      xLabel: 'live sessions',
      yLabel: 'refreshes per second',
      x: counts,
      series,
    })
    return findings
  },
}

async function measure(name: StoreName, counts: readonly number[], settings: Settings) {
  const { quick, workplace, progress, keepTable } = settings
  const contenders: Contender[] = []
  const stores: Store[] = []
  try {
    for (const count of counts) {
      const directory = join(workplace.directory, `${name}-${count}`)
      const store = await startStore(name)
      stores.push(store)
      const env = { LATCHKEY_SECRET: randomBytes(32).toString('base64url') }
      // The first start makes the tables.
      const first = await startLatchkey({ directory, store, env })
      await first.stop()
      await seed(store, first.databaseFile, count)
      const service = await startLatchkey({ directory, store, env })
      const clients = clientsOfPopulation(service, env.LATCHKEY_SECRET, count, CONNECTIONS, TAKING_PART)
      contenders.push({ name: whole(count), service, clients })
      progress(`${name}: ${whole(count)} sessions`)
    }
    const rounds = await takeTurns(
      contenders,
      quick ? { rounds: 3, secondsPerTurn: 1 } : { rounds: 5, secondsPerTurn: 2 },
      progress,
    )
    keepTable(name, [
      ['live sessions', ...LOAD_HEADINGS],
      ...contenders.map((contender, index) => [contender.name, ...loadCells(rounds, index)]),
    ])
    const last = counts.length - 1
    const { ratio, text } = ratioOf(rounds, last, 0)
    const finding: Finding = {
      what: `refresh rate on ${STORE_NAMES[name]} with ${whole(counts[last]!)} live sessions, of that with ${whole(counts[0]!)}`,
      measured: text,
      // PostgreSQL's own cache is a setting of the server.
      ...(name === 'sqlite'
        ? { promised: `at least ${PROMISED_RATIO}`, holds: ratio >= PROMISED_RATIO }
        : {}),
    }
    return { rates: counts.map((_, index) => medianOf(rounds, index, (load) => load.perSecond)), finding }
  } finally {
    for (const { service } of contenders) await service.stop()
    for (const store of stores) await store.remove()
  }
}
