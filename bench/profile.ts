import { join } from 'node:path'
import { registerClients } from './lab/clients.ts'
import { byPlace, readSelfTimes, type SelfTime, total } from './lab/cpu-profile.ts'
import { startFloor, startLatchkey } from './lab/service.ts'
import { closedLoop } from './load/loops.ts'
import { table } from './report.ts'
import type { Scenario, Settings } from './scenario.ts'

const CONNECTIONS = 32
const LONGEST_LISTS = 40
const LEAST_MICROS = 0.2
// Finer than the default of 1 ms: a refresh is far shorter than that.
const INTERVAL_MICROS = 200

interface Profile {
  times: SelfTime[]
  refreshes: number
}

/** Where the time of a refresh goes, function by function, beside the floor's. Profiling itself costs some. */
export const profile: Scenario = {
  summary: 'where the CPU time of a refresh goes, in µs of the main thread, beside the floor',
  async run(settings) {
    const floor = await profileOf(startFloor, settings)
    const latchkey = await profileOf(startLatchkey, settings)
    settings.progress(
      `\n${table([['µs per refresh, by place', 'latchkey', 'floor'], ...places(latchkey, floor)])}`,
    )
    settings.progress(`\n${table([['µs per refresh, by function', 'latchkey'], ...functions(latchkey)])}`)
    return []
  },
}

async function profileOf(start: typeof startFloor, settings: Settings): Promise<Profile> {
  const directory = join(settings.workplace.directory, start.name)
  const flags = ['--cpu-prof', `--cpu-prof-dir=${directory}`, `--cpu-prof-interval=${INTERVAL_MICROS}`]
  const service = await start({ directory, env: { NODE_OPTIONS: flags.join(' ') } })
  try {
    const clients = await registerClients(service, settings.delivery, CONNECTIONS)
    const seconds = settings.quick ? 4 : 10
    await closedLoop(clients, service, (elapsed) => elapsed >= seconds / 2)
    const { refreshes, perSecond } = await closedLoop(clients, service, (elapsed) => elapsed >= seconds)
    settings.progress(`${service.name}: ${refreshes} refreshes, ${perSecond.toFixed(0)}/s under the profiler`)
    await service.stop()
    return { times: readSelfTimes(directory, seconds), refreshes }
  } finally {
    await service.stop()
  }
}

function places(latchkey: Profile, floor: Profile): string[][] {
  const ours = byPlace(latchkey.times)
  const theirs = byPlace(floor.times)
  const names = [...new Set([...ours.keys(), ...theirs.keys()])]
  const lines = names.map((name) => [
    name,
    each(ours.get(name) ?? 0, latchkey.refreshes),
    each(theirs.get(name) ?? 0, floor.refreshes),
  ])
  return [
    ...lines.filter((line) => line.slice(1).some((cell) => Number(cell) >= LEAST_MICROS)),
    ['all', each(total(latchkey.times), latchkey.refreshes), each(total(floor.times), floor.refreshes)],
  ]
}

function functions({ times, refreshes }: Profile): string[][] {
  return times.slice(0, LONGEST_LISTS).map(({ name, microseconds }) => [name, each(microseconds, refreshes)])
}

function each(microseconds: number, refreshes: number): string {
  return (microseconds / refreshes).toFixed(2)
}
