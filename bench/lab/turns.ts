import { median } from '../load/latencies.ts'
import { type Client, closedLoop, type Load } from '../load/loops.ts'
import { milliseconds, whole } from '../report.ts'
import type { Settings } from '../scenario.ts'
import type { Service } from './service.ts'

// A turn in which other programs used more than this share of a core tells more about them: the round is taken again.
const DISTURBED = 0.15
const FEWEST_QUIET_ROUNDS = 3
const WARM_UP_SECONDS = 2

export interface Contender {
  name: string
  service: Service
  clients: readonly Client[]
}

/** One turn of each contender, in their order. */
export type Round = readonly Load[]

export interface TurnSettings {
  rounds: number
  secondsPerTurn: number
  /** Rounds at most, of those wanted: on a busy machine they are taken again. @default 2 */
  patience?: number
}

/**
 * Every contender refreshes for some seconds, in turn, so that a slow minute of the machine hits all of them. Only undisturbed rounds
 * count, where there are enough.
 */
export async function takeTurns(
  contenders: readonly Contender[],
  { rounds, secondsPerTurn, patience = 2 }: TurnSettings,
  progress: Settings['progress'],
): Promise<Round[]> {
  for (const contender of contenders) await turn(contender, WARM_UP_SECONDS)
  const all: Round[] = []
  const quiet: Round[] = []
  while (quiet.length < rounds && all.length < rounds * patience) {
    const round: Load[] = []
    for (const contender of contenders) round.push(await turn(contender, secondsPerTurn))
    const disturbed = Math.max(...round.map(({ otherCpu }) => otherCpu)) > DISTURBED
    all.push(round)
    if (!disturbed) quiet.push(round)
    const rates = contenders.map(({ name }, index) => `${name} ${whole(round[index]!.perSecond)}/s`)
    progress(`${rates.join('  ')}${disturbed ? '  disturbed by other programs' : ''}`)
  }
  if (quiet.length >= FEWEST_QUIET_ROUNDS) return quiet
  progress('the machine was never quiet: every round counts')
  return all
}

function turn({ clients, service }: Contender, seconds: number): Promise<Load> {
  return closedLoop(clients, service, (elapsed) => elapsed >= seconds)
}

export function medianOf(
  rounds: readonly Round[],
  contender: number,
  figure: (load: Load) => number,
): number {
  return median(rounds.map((round) => figure(round[contender]!)))
}

/** The rate of one, of the other's: each turn is compared with its neighbour, and only then is the middle taken. */
export function ratioOf(
  rounds: readonly Round[],
  one: number,
  other: number,
): { ratio: number; text: string } {
  const ratios = rounds.map((round) => round[one]!.perSecond / round[other]!.perSecond)
  const ratio = median(ratios)
  const range = `${Math.min(...ratios).toFixed(2)} to ${Math.max(...ratios).toFixed(2)}`
  return { ratio, text: `${ratio.toFixed(2)} (${rounds.length} rounds, ${range})` }
}

export const LOAD_HEADINGS = [
  'refreshes/s',
  'CPU µs/refresh',
  'of its database server',
  'p50',
  'p99',
  'CPU of the load',
]

export function loadCells(rounds: readonly Round[], contender: number): string[] {
  const middle = (figure: (load: Load) => number) => medianOf(rounds, contender, figure)
  const storeMicros = middle((load) => load.storeCpuMicrosPerRefresh)
  return [
    whole(middle((load) => load.perSecond)),
    middle((load) => load.cpuMicrosPerRefresh).toFixed(0),
    storeMicros === 0 ? '' : storeMicros.toFixed(0),
    milliseconds(middle((load) => load.latencies.percentile(0.5))),
    milliseconds(middle((load) => load.latencies.percentile(0.99))),
    `${(100 * middle((load) => load.loadCpu)).toFixed(0)} %`,
  ]
}
