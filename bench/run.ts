import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { growth } from './growth.ts'
import { makeWorkplace } from './lab/disk.ts'
import { DELIVERIES, type Delivery } from './load/session.ts'
import { memory } from './memory.ts'
import { profile } from './profile.ts'
import { refresh } from './refresh.ts'
import { table } from './report.ts'
import { revocation } from './revocation.ts'
import { scaling } from './scaling.ts'
import type { Finding, Scenario, Settings } from './scenario.ts'
import { signInPressure } from './signin-pressure.ts'
import { startup } from './startup.ts'
import { verify } from './verify.ts'

const SCENARIOS: Readonly<Record<string, Scenario>> = {
  refresh,
  growth,
  memory,
  startup,
  'signin-pressure': signInPressure,
  verify,
  revocation,
  scaling,
  profile,
}

const HELP = `npm run bench -- [name ...] [options]

${table(Object.entries(SCENARIOS).map(([name, { summary }]) => [`  ${name}`, summary]))}

Without a name, all of them. Linux only: CPU time and memory are read from /proc.

  --quick                      short rounds, small numbers: rough figures
  --delivery browser|native    the refresh token as a cookie (default) or in the JSON body
  --help`

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    quick: { type: 'boolean', default: false },
    delivery: { type: 'string', default: 'browser' },
    help: { type: 'boolean', default: false },
  },
})
const unknown = positionals.filter((name) => !Object.hasOwn(SCENARIOS, name))

// Ctrl-C leaves neither a service nor a file behind: what is started and made here is cleared away at the exit.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))

if (values.help) say(HELP)
else if (unknown.length > 0) refuse(`no benchmark is called ${unknown.join(', ')}`)
else if (!isDelivery(values.delivery)) refuse('--delivery is browser or native')
else
  process.exitCode = await run(positionals.length > 0 ? positionals : Object.keys(SCENARIOS), values.delivery)

async function run(names: readonly string[], delivery: Delivery): Promise<number> {
  const findings: Finding[] = []
  for (const name of names) {
    say(`\n${name}: ${SCENARIOS[name]!.summary}`)
    findings.push(...(await runAlone(SCENARIOS[name]!, delivery)))
  }
  say(`\n${table([['', 'measured', 'promised', ''], ...findings.map(row)])}`)
  return findings.some(({ holds }) => holds === false) ? 1 : 0
}

/** Each in a directory of its own, so that none inherits the files of another. */
async function runAlone(scenario: Scenario, delivery: Delivery): Promise<Finding[]> {
  const workplace = makeWorkplace()
  const settings: Settings = {
    quick: values.quick,
    delivery,
    workplace,
    progress: (line) => say(indented(line)),
  }
  settings.progress(
    `${availableParallelism()} cores, ${workplace.fileSystem}, one flush ${workplace.flushMicros.toFixed(0)} µs, ${delivery} delivery`,
  )
  try {
    return await scenario.run(settings)
  } finally {
    workplace.remove()
  }
}

function row({ what, measured, promised = '', holds }: Finding): string[] {
  return [what, measured, promised, holds === undefined ? '' : holds ? 'holds' : 'FAILS']
}

function isDelivery(value: string): value is Delivery {
  return DELIVERIES.some((delivery) => delivery === value)
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
