import { seededRandom } from '../packages/server/src/sessions/testing/sessions.ts'
import { whole } from './report.ts'
import { expectedRefreshes, type Load, loadOf, PLAN, secondsToServeAll } from './scaling/arithmetic.ts'
import { BEHAVIOURS, type Demand, LIFETIMES } from './scaling/behaviour.ts'
import { COSTS } from './scaling/costs.ts'
import { simulate } from './scaling/simulate.ts'
import type { Finding, Scenario } from './scenario.ts'

const STEPS = [10_000, 100_000, 1_000_000, 10_000_000, 100_000_000]
const DAYS = 28
const SEED = 1
/** How far the played days may be from the sum on paper. */
const TOLERANCE = 0.05

/** The figures of docs/scaling.md: days of a population played against the service's lifetimes, times what the other benchmarks measured. */
export const scaling: Scenario = {
  summary: 'from users to refreshes, cores and bytes: the figures of docs/scaling.md',
  async run({ quick, keepTable }) {
    const population = quick ? 2_000 : 20_000
    const findings: Finding[] = []
    const demands: string[][] = []
    for (const [name, behaviour] of Object.entries(BEHAVIOURS)) {
      const random = seededRandom(SEED)
      const demand = simulate({ behaviour, lifetimes: LIFETIMES, population, days: DAYS, random })
      const loads = STEPS.map((people) => loadOf(people, demand, LIFETIMES, COSTS, PLAN))
      demands.push(demandColumn(demand))
      keepTable(name, loadRows(loads))
      const onPaper = expectedRefreshes(behaviour, LIFETIMES, demand.signInsPerDay)
      const apart = Math.abs(demand.refreshesPerDay / onPaper - 1)
      findings.push({
        what: `${name}: refreshes a day of one person, played and on paper`,
        measured: `${demand.refreshesPerDay.toFixed(2)}, ${onPaper.toFixed(2)}`,
        promised: `within ${TOLERANCE * 100} %`,
        holds: apart <= TOLERANCE,
      })
    }
    const names = Object.keys(BEHAVIOURS)
    keepTable('demand', [
      ['of one person, on average', ...names],
      ...DEMAND.map((what, i) => [what, ...demands.map((column) => column[i] as string)]),
    ])
    return findings
  },
}

const DEMAND = [
  'refreshes a day',
  'sign-ins a day',
  'sessions ended a day',
  'live sessions',
  'rows in the table, ended sessions that are kept for 7 days included',
  'visits under way at the busiest minute',
  'the busiest minute, of an average one',
]

function demandColumn(demand: Demand): string[] {
  return [
    demand.refreshesPerDay.toFixed(2),
    demand.signInsPerDay.toFixed(3),
    demand.endedPerDay.toFixed(4),
    demand.liveSessions.toFixed(2),
    demand.rows.toFixed(2),
    demand.presentAtPeak.toFixed(3),
    demand.peakOverMean.toFixed(2),
  ]
}

function loadRows(loads: readonly Load[]): string[][] {
  const row = (name: string, cell: (load: Load) => string) => [name, ...loads.map(cell)]
  return [
    row('users', ({ people }) => whole(people)),
    row('refreshes a second', ({ refreshesPerSecond }) => rate(refreshesPerSecond)),
    row('sign-ins a second', ({ signInsPerSecond }) => rate(signInsPerSecond)),
    row('cores: refreshes', ({ serviceCores }) => rate(serviceCores)),
    row('cores: passwords', ({ hashingCores }) => rate(hashingCores)),
    row('cores: PostgreSQL', ({ databaseCores }) => rate(databaseCores)),
    row('rows of sessions', ({ sessions }) => whole(sessions)),
    row('database', ({ databaseBytes }) => size(databaseBytes)),
    row('its log, a second', ({ logBytesPerSecond }) => size(logBytesPerSecond)),
    row('processes that verify', ({ verifiers }) => whole(verifiers)),
    row('sessions ended a second', ({ endedPerSecond }) => rate(endedPerSecond)),
    row('entries that the feed holds', ({ told }) => whole(told)),
    row('a snapshot for a reader that starts', ({ snapshotBytes }) => size(snapshotBytes)),
    row('the feed to all readers, a second', ({ feedBytesPerSecond }) => size(feedBytesPerSecond)),
    row('seconds to serve everybody at once, at twice the rate', (load) =>
      whole(secondsToServeAll(load, 2 * load.refreshesPerSecond)),
    ),
  ]
}

/** Three digits say as much as the model does. */
function rate(value: number): string {
  return value < 0.01 ? 'under 0.01' : value < 10 ? value.toFixed(2) : whole(value)
}

function size(bytes: number): string {
  const [unit, of] =
    bytes < 1e3 ? [1, 'B'] : bytes < 1e6 ? [1e3, 'kB'] : bytes < 1e9 ? [1e6, 'MB'] : [1e9, 'GB']
  const value = bytes / (unit as number)
  return `${value < 10 ? value.toFixed(1) : whole(value)} ${of}`
}
