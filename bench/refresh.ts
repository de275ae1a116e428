import { join } from 'node:path'
import { registerClients } from './lab/clients.ts'
import { type Service, startFloor, startLatchkey } from './lab/service.ts'
import { median } from './load/latencies.ts'
import { type Client, closedLoop, type Load } from './load/loops.ts'
import { milliseconds, table, whole } from './report.ts'
import type { Finding, Scenario, Settings } from './scenario.ts'

const CONNECTIONS = 32
const WARM_UP_SECONDS = 4
const PROMISED_RATIO = 0.5

interface Contender {
  service: Service
  clients: Client[]
  rounds: Load[]
}

/** Refreshes per second beside the floor's. The two take turns, so that a slow minute of the machine hits both. */
export const refresh: Scenario = {
  summary: `refreshes per second at ${CONNECTIONS} connections, in turns with the floor`,
  async run(settings) {
    const rounds = settings.quick ? 5 : 25
    const seconds = settings.quick ? 1 : 2
    const contenders: Contender[] = []
    try {
      for (const start of [startFloor, startLatchkey]) contenders.push(await enter(start, settings))
      for (const { clients, service } of contenders)
        await closedLoop(clients, service, until(WARM_UP_SECONDS))
      for (let round = 1; round <= rounds; round++) {
        for (const contender of contenders) {
          const load = await closedLoop(contender.clients, contender.service, until(seconds))
          contender.rounds.push(load)
          settings.progress(
            `round ${round}/${rounds}  ${contender.service.name.padEnd(8)}  ${whole(load.perSecond)}/s`,
          )
        }
      }
    } finally {
      for (const { service } of contenders) await service.stop()
    }
    settings.progress(table([HEADINGS, ...contenders.map(summarise)]))
    return findings(contenders[0]!, contenders[1]!)
  },
}

async function enter(start: typeof startFloor, settings: Settings): Promise<Contender> {
  const service = await start({ directory: join(settings.workplace.directory, start.name) })
  return { service, clients: await registerClients(service, settings.delivery, CONNECTIONS), rounds: [] }
}

function until(seconds: number): (elapsed: number) => boolean {
  return (elapsed) => elapsed >= seconds
}

const HEADINGS = ['', 'refreshes/s', 'CPU µs/refresh', 'p50', 'p99', 'CPU of the load']

function summarise({ service, rounds }: Contender): string[] {
  return [
    service.name,
    whole(median(rounds.map((load) => load.perSecond))),
    median(rounds.map((load) => load.cpuMicrosPerRefresh)).toFixed(1),
    milliseconds(median(rounds.map((load) => load.latencies.percentile(0.5)))),
    milliseconds(median(rounds.map((load) => load.latencies.percentile(0.99)))),
    `${(100 * median(rounds.map((load) => load.loadCpu))).toFixed(0)} %`,
  ]
}

function findings(floor: Contender, latchkey: Contender): Finding[] {
  // Each round is compared with its own neighbour, and only then is the middle taken.
  const rates = latchkey.rounds.map((load, round) => load.perSecond / floor.rounds[round]!.perSecond)
  const costs = latchkey.rounds.map(
    (load, round) => floor.rounds[round]!.cpuMicrosPerRefresh / load.cpuMicrosPerRefresh,
  )
  const ratio = median(rates)
  return [
    {
      what: "refresh rate, of the floor's",
      measured: `${ratio.toFixed(2)} (rounds ${Math.min(...rates).toFixed(2)} to ${Math.max(...rates).toFixed(2)})`,
      promised: `at least ${PROMISED_RATIO}`,
      holds: ratio >= PROMISED_RATIO,
    },
    { what: "the floor's CPU time per refresh, of ours", measured: median(costs).toFixed(2) },
  ]
}
