import { seededRandom } from '../packages/server/src/sessions/testing/sessions.ts'
import { megabytes, table, whole } from './report.ts'
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
  async run({ quick, progress }) {
    const population = quick ? 2_000 : 20_000
    const findings: Finding[] = []
    for (const [name, behaviour] of Object.entries(BEHAVIOURS)) {
      const random = seededRandom(SEED)
      const demand = simulate({ behaviour, lifetimes: LIFETIMES, population, days: DAYS, random })
      const loads = STEPS.map((people) => loadOf(people, demand, LIFETIMES, COSTS, PLAN))
      progress(
        `\n${name}, ${whole(population)} people for ${DAYS} days\n${table(demandRows(demand))}\n\n${table(loadRows(loads))}`,
      )
      const onPaper = expectedRefreshes(behaviour, LIFETIMES, demand.signInsPerDay)
      const apart = Math.abs(demand.refreshesPerDay / onPaper - 1)
      findings.push({
        what: `${name}: refreshes a day of one person, played and on paper`,
        measured: `${demand.refreshesPerDay.toFixed(2)}, ${onPaper.toFixed(2)}`,
        promised: `within ${TOLERANCE * 100} %`,
        holds: apart <= TOLERANCE,
      })
    }
    return findings
  },
}

function demandRows(demand: Demand): string[][] {
  return [
    ['refreshes a day of one person', demand.refreshesPerDay.toFixed(2)],
    ['sign-ins a day of one person', demand.signInsPerDay.toFixed(3)],
    ['sessions ended a day of one person', demand.endedPerDay.toFixed(4)],
    ['live sessions of one person', demand.liveSessions.toFixed(2)],
    ['rows of one person, kept ones included', demand.rows.toFixed(2)],
    ['present at the busiest minute', `${(demand.presentAtPeak * 100).toFixed(1)} %`],
    ['the busiest minute, of an average one', demand.peakOverMean.toFixed(2)],
  ]
}

function loadRows(loads: readonly Load[]): string[][] {
  const row = (name: string, cell: (load: Load) => string) => [name, ...loads.map(cell)]
  return [
    row('users', ({ people }) => whole(people)),
    row('refreshes/s', ({ refreshesPerSecond }) => rate(refreshesPerSecond)),
    row('sign-ins/s', ({ signInsPerSecond }) => rate(signInsPerSecond)),
    row('cores of the service, refreshes', ({ serviceCores }) => rate(serviceCores)),
    row('cores of the service, hashing', ({ hashingCores }) => rate(hashingCores)),
    row('cores of the database', ({ databaseCores }) => rate(databaseCores)),
    row('rows of sessions', ({ sessions }) => whole(sessions)),
    row('database', ({ databaseBytes }) => megabytes(databaseBytes)),
    row('write-ahead log a second', ({ logBytesPerSecond }) => megabytes(logBytesPerSecond)),
    row('people present', ({ present }) => whole(present)),
    row('processes that verify', ({ verifiers }) => whole(verifiers)),
    row('sessions ended/s', ({ endedPerSecond }) => rate(endedPerSecond)),
    row('entries told at any time', ({ told }) => whole(told)),
    row('snapshot for a new reader', ({ snapshotBytes }) => megabytes(snapshotBytes)),
    row('the feed to all readers, a second', ({ feedBytesPerSecond }) => megabytes(feedBytesPerSecond)),
    row('seconds to serve all at once, at twice the rate', (load) =>
      whole(secondsToServeAll(load, 2 * load.refreshesPerSecond)),
    ),
  ]
}

function rate(value: number): string {
  return value < 10 ? value.toFixed(2) : whole(value)
}
