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

// A round in which other programs used more than this share of a core tells more about them: it is taken again.
const DISTURBED = 0.15
const FEWEST_QUIET_ROUNDS = 5

interface Contender {
  service: Service
  clients: Client[]
}

/** One turn of each. */
interface Round {
  floor: Load
  latchkey: Load
}

/** Refreshes per second beside the floor's. The two take turns, so that a slow minute of the machine hits both. */
export const refresh: Scenario = {
  summary: `refreshes per second at ${CONNECTIONS} connections, in turns with the floor`,
  async run(settings) {
    const directory = (name: string) => join(settings.workplace.directory, name)
    const services: Service[] = []
    try {
      services.push(await startFloor({ directory: directory('floor') }))
      services.push(await startLatchkey({ directory: directory('latchkey') }))
      const [floor, latchkey] = (await Promise.all(
        services.map(async (service) => ({
          service,
          clients: await registerClients(service, settings.delivery, CONNECTIONS),
        })),
      )) as [Contender, Contender]
      const rounds = await takeTurns(floor, latchkey, settings)
      settings.progress(
        table([
          HEADINGS,
          summarise(
            'floor',
            rounds.map((round) => round.floor),
          ),
          summarise(
            'latchkey',
            rounds.map((round) => round.latchkey),
          ),
        ]),
      )
      return findings(rounds)
    } finally {
      for (const service of services) await service.stop()
    }
  },
}

async function takeTurns(
  floor: Contender,
  latchkey: Contender,
  { quick, progress }: Settings,
): Promise<Round[]> {
  const wanted = quick ? 5 : 15
  const seconds = quick ? 1 : 2
  for (const contender of [floor, latchkey]) await turn(contender, WARM_UP_SECONDS)
  const all: Round[] = []
  const quiet: Round[] = []
  while (quiet.length < wanted && all.length < wanted * 3) {
    const round = { floor: await turn(floor, seconds), latchkey: await turn(latchkey, seconds) }
    const disturbed = Math.max(round.floor.otherCpu, round.latchkey.otherCpu) > DISTURBED
    all.push(round)
    if (!disturbed) quiet.push(round)
    progress(
      `floor ${whole(round.floor.perSecond)}/s  latchkey ${whole(round.latchkey.perSecond)}/s${disturbed ? '  disturbed by other programs' : ''}`,
    )
  }
  if (quiet.length < FEWEST_QUIET_ROUNDS) progress('the machine was never quiet: every round counts')
  return quiet.length < FEWEST_QUIET_ROUNDS ? all : quiet
}

function turn({ clients, service }: Contender, seconds: number): Promise<Load> {
  return closedLoop(clients, service, (elapsed) => elapsed >= seconds)
}

const HEADINGS = ['', 'refreshes/s', 'CPU µs/refresh', 'p50', 'p99', 'CPU of the load']

function summarise(name: string, loads: readonly Load[]): string[] {
  return [
    name,
    whole(median(loads.map((load) => load.perSecond))),
    median(loads.map((load) => load.cpuMicrosPerRefresh)).toFixed(1),
    milliseconds(median(loads.map((load) => load.latencies.percentile(0.5)))),
    milliseconds(median(loads.map((load) => load.latencies.percentile(0.99)))),
    `${(100 * median(loads.map((load) => load.loadCpu))).toFixed(0)} %`,
  ]
}

function findings(rounds: readonly Round[]): Finding[] {
  // Each turn is compared with its neighbour, and only then is the middle taken.
  const rates = rounds.map(({ floor, latchkey }) => latchkey.perSecond / floor.perSecond)
  const costs = rounds.map(({ floor, latchkey }) => floor.cpuMicrosPerRefresh / latchkey.cpuMicrosPerRefresh)
  const ratio = median(rates)
  return [
    {
      what: "refresh rate, of the floor's",
      measured: `${ratio.toFixed(2)} (${rounds.length} rounds, ${Math.min(...rates).toFixed(2)} to ${Math.max(...rates).toFixed(2)})`,
      promised: `at least ${PROMISED_RATIO}`,
      holds: ratio >= PROMISED_RATIO,
    },
    { what: "the floor's CPU time per refresh, of ours", measured: median(costs).toFixed(2) },
  ]
}
