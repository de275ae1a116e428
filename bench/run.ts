import { parseArgs } from 'node:util'
import { growth } from './growth.ts'
import { makeWorkplace } from './lab/disk.ts'
import { killServices } from './lab/service.ts'
import { removeStores, STORES, type StoreName } from './lab/stores.ts'
import { DELIVERIES, type Delivery } from './load/session.ts'
import { memory } from './memory.ts'
import { peers } from './peers.ts'
import { profile } from './profile.ts'
import { table } from './report.ts'
import { writePage } from './results/page.ts'
import type { Plot } from './results/plot.ts'
import { isRecent, machineOf, type Result, readResult, writeResult } from './results/result.ts'
import { revocation } from './revocation.ts'
import { scaling } from './scaling.ts'
import type { Finding, Rows, Scenario, Settings } from './scenario.ts'
import { sessions } from './sessions.ts'
import { signInPressure } from './signin-pressure.ts'
import { startup } from './startup.ts'
import { storage } from './storage.ts'
import { stores } from './stores.ts'
import { verify } from './verify.ts'
import { workers } from './workers.ts'

const SCENARIOS: Readonly<Record<string, Scenario>> = {
  stores,
  peers,
  workers,
  sessions,
  storage,
  growth,
  memory,
  startup,
  'signin-pressure': signInPressure,
  verify,
  revocation,
  profile,
  scaling,
}
const CONNECTIONS = [1, 8, 32, 128]

const HELP = `npm run bench -- [name ...] [options]

${table(Object.entries(SCENARIOS).map(([name, { summary }]) => [`  ${name}`, summary]))}
${table([['  report', 'writes docs/performance.md and its pictures from the results that are there']])}

Without a name, all of them, and the report. Each scenario's result is kept in bench/results when it is done, so that nothing is
lost when a run stops. Linux only: CPU time and memory are read from /proc.

  --quick                      short rounds, small numbers: rough figures, kept apart in build/bench-quick
  --resume                     without the scenarios that have a result of the last six hours
  --stores LIST                of ${STORES.join(',')}: where a scenario tries several
  --connections LIST           such as 8,32: where a scenario tries several. Figures of a part are not kept
  --delivery browser|native    the refresh token as a cookie (default) or in the JSON body
  --help`

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    quick: { type: 'boolean', default: false },
    resume: { type: 'boolean', default: false },
    stores: { type: 'string', default: STORES.join(',') },
    connections: { type: 'string', default: CONNECTIONS.join(',') },
    delivery: { type: 'string', default: 'browser' },
    help: { type: 'boolean', default: false },
  },
})
const { quick, delivery } = values
const storeNames = values.stores.split(',')
const connections = values.connections.split(',').map(Number)
const isWhole =
  delivery === 'browser' &&
  STORES.every((name) => storeNames.includes(name)) &&
  CONNECTIONS.every((count) => connections.includes(count))
const unknown = positionals.filter((name) => name !== 'report' && !Object.hasOwn(SCENARIOS, name))

let leaving = false
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void leave())

if (values.help) say(HELP)
else if (unknown.length > 0) refuse(`no benchmark is called ${unknown.join(', ')}`)
else if (!isDelivery(delivery)) refuse('--delivery is browser or native')
else if (!storeNames.every(isStore)) refuse(`--stores is a list of ${STORES.join(', ')}`)
else if (!connections.every((count) => Number.isInteger(count) && count > 0 && count <= 1000))
  refuse('--connections is a list of whole numbers up to 1000')
else process.exitCode = await run(delivery, storeNames)

async function run(delivery: Delivery, stores: readonly StoreName[]): Promise<number> {
  const all = Object.keys(SCENARIOS)
  const named = positionals.length > 0 ? positionals : [...all, 'report']
  const findings: Finding[] = []
  let stopped = 0
  for (const name of named.filter((name) => name !== 'report')) {
    if (values.resume && isRecent(readResult(name, quick))) {
      say(`\n${name}: measured already`)
      continue
    }
    say(`\n${name}: ${SCENARIOS[name]!.summary}`)
    try {
      const result = await runAlone(name, { delivery, stores })
      if (isWhole) writeResult(result)
      findings.push(...result.findings)
    } catch (error) {
      if (leaving) return 1
      stopped++
      say(indented(error instanceof Error ? (error.stack ?? error.message) : String(error)))
    }
  }
  if (findings.length > 0) say(`\n${table([['', 'measured', 'promised', ''], ...findings.map(row)])}`)
  if (named.includes('report')) for (const file of writePage(all, quick)) say(`wrote ${file}`)
  return stopped > 0 || findings.some(({ holds }) => holds === false) ? 1 : 0
}

/** Each in a directory of its own, so that none inherits the files of another. */
async function runAlone(name: string, chosen: Pick<Settings, 'delivery' | 'stores'>): Promise<Result> {
  const workplace = makeWorkplace()
  const machine = machineOf(workplace)
  const tables: Record<string, Rows> = {}
  const plots: Record<string, Plot> = {}
  const progress = (line: string) => say(indented(line))
  progress(
    `${machine.cores} cores, ${machine.fileSystem}, one flush ${machine.flushMicros.toFixed(0)} µs, ${delivery} delivery`,
  )
  const measuredAt = new Date().toISOString()
  const started = performance.now()
  try {
    const findings = await SCENARIOS[name]!.run({
      ...{ ...chosen, quick, connections, workplace, progress },
      keepTable(name, rows) {
        progress(`\n${table(rows)}\n`)
        tables[name] = rows
      },
      keepPlot(name, plot) {
        plots[name] = plot
      },
    })
    const seconds = Math.round((performance.now() - started) / 1000)
    progress(`took ${seconds} s`)
    return { scenario: name, measuredAt, seconds, machine, quick, findings, tables, plots }
  } finally {
    workplace.remove()
  }
}

/** Ctrl-C leaves neither a server nor a file behind: what is started and made here is cleared away. */
async function leave(): Promise<void> {
  leaving = true
  await Promise.all([killServices(), removeStores()])
  process.exit(1)
}

function row({ what, measured, promised = '', holds }: Finding): string[] {
  return [what, measured, promised, holds === undefined ? '' : holds ? 'holds' : 'FAILS']
}

function isDelivery(value: string): value is Delivery {
  return DELIVERIES.some((delivery) => delivery === value)
}

function isStore(value: string): value is StoreName {
  return STORES.some((store) => store === value)
}

function indented(text: string): string {
  return text.replaceAll(/^/gm, '  ')
}

function refuse(reason: string): void {
  process.stderr.write(`${reason}\n\n${HELP}\n`)
  process.exitCode = 2
}

function say(text: string): void {
  process.stdout.write(`${text}\n`)
}
