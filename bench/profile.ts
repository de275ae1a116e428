import { join } from 'node:path'
import { registerClients } from './lab/clients.ts'
import { byPlace, readSelfTimes, type SelfTime, total } from './lab/cpu-profile.ts'
import { CHEAP_HASHING, type ServiceSettings, startFloor, startLatchkey } from './lab/service.ts'
import { STORE_NAMES, startStore } from './lab/stores.ts'
import { closedLoop } from './load/loops.ts'
import { table } from './report.ts'
import type { Scenario, Settings } from './scenario.ts'

const CONNECTIONS = 32
const LONGEST_LISTS = 40
const LEAST_MICROS = 0.2
// Finer than the default of 1 ms: a refresh is far shorter than that.
const INTERVAL_MICROS = 200

interface Profile {
  name: string
  times: SelfTime[]
  refreshes: number
}

/** Where the time of a refresh goes, function by function, on each store beside the floor. Profiling itself costs some. */
export const profile: Scenario = {
  summary: 'where the CPU time of a refresh goes, in µs of the main thread, on each store beside the floor',
  async run(settings) {
    const profiles = [await profileOf('floor', startFloor, {}, settings)]
    for (const name of settings.stores) {
      const store = await startStore(name)
      try {
        profiles.push(await profileOf(STORE_NAMES[name], startLatchkey, { store }, settings))
      } finally {
        await store.remove()
      }
    }
    settings.keepTable('places', [
      ['µs per refresh, by place', ...profiles.map(({ name }) => name)],
      ...places(profiles),
    ])
    for (const one of profiles.slice(1)) {
      settings.progress(`\n${table([['µs per refresh, by function', one.name], ...functions(one)])}`)
    }
    return []
  },
}

async function profileOf(
  name: string,
  start: typeof startFloor,
  { store }: Pick<ServiceSettings, 'store'>,
  settings: Settings,
): Promise<Profile> {
  const directory = join(settings.workplace.directory, name)
  const flags = ['--cpu-prof', `--cpu-prof-dir=${directory}`, `--cpu-prof-interval=${INTERVAL_MICROS}`]
  const env = { ...CHEAP_HASHING, NODE_OPTIONS: flags.join(' ') }
  const service = await start({ directory, env, ...(store === undefined ? {} : { store }) })
  try {
    const clients = await registerClients(service, settings.delivery, CONNECTIONS)
    const seconds = settings.quick ? 4 : 8
    await closedLoop(clients, service, (elapsed) => elapsed >= seconds / 2)
    const { refreshes, perSecond } = await closedLoop(clients, service, (elapsed) => elapsed >= seconds)
    settings.progress(`${name}: ${refreshes} refreshes, ${perSecond.toFixed(0)}/s under the profiler`)
    await service.stop()
    return { name, times: readSelfTimes(directory, seconds), refreshes }
  } finally {
    await service.stop()
  }
}

function places(profiles: readonly Profile[]): string[][] {
  const times = profiles.map((one) => ({ places: byPlace(one.times), refreshes: one.refreshes }))
  const names = [...new Set(times.flatMap(({ places }) => [...places.keys()]))]
  const lines = names.map((name) => [
    name,
    ...times.map(({ places, refreshes }) => each(places.get(name) ?? 0, refreshes)),
  ])
  return [
    ...lines
      .filter((line) => line.slice(1).some((cell) => Number(cell) >= LEAST_MICROS))
      .sort((one, other) => Number(other[2]) - Number(one[2])),
    ['all', ...profiles.map((one) => each(total(one.times), one.refreshes))],
  ]
}

function functions({ times, refreshes }: Profile): string[][] {
  return times.slice(0, LONGEST_LISTS).map(({ name, microseconds }) => [name, each(microseconds, refreshes)])
}

function each(microseconds: number, refreshes: number): string {
  return (microseconds / refreshes).toFixed(2)
}
