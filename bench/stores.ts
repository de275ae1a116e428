import { join } from 'node:path'
import { registerClients } from './lab/clients.ts'
import { CHEAP_HASHING, startFloor, startLatchkey } from './lab/service.ts'
import { STORE_NAMES, type Store, type StoreName, startStore } from './lab/stores.ts'
import {
  type Contender,
  LOAD_HEADINGS,
  loadCells,
  medianOf,
  type Round,
  ratioOf,
  takeTurns,
} from './lab/turns.ts'
import type { Finding, Scenario } from './scenario.ts'

/** At which the promises are made. */
const PROMISED_CONNECTIONS = 32
const PROMISES: Readonly<Record<StoreName, { of: string; atLeast: number }>> = {
  sqlite: { of: 'floor', atLeast: 0.6 },
  postgres: { of: 'sqlite', atLeast: 0.5 },
  redis: { of: 'sqlite', atLeast: 0.8 },
}

/** Refreshes per second on each store beside the floor's, all in turns, as durable as each can be. */
export const stores: Scenario = {
  summary: 'refreshes per second on each store, at 1 to 128 connections, in turns with the floor',
  async run({ quick, delivery, workplace, stores: names, connections, progress, keepTable, keepPlot }) {
    const directory = (name: string) => join(workplace.directory, name)
    const most = Math.max(...connections)
    const contenders: Contender[] = []
    const servers: Store[] = []
    try {
      const floor = await startFloor({ directory: directory('floor') })
      contenders.push({ name: 'floor', service: floor, clients: [] })
      for (const name of names) {
        const store = await startStore(name)
        servers.push(store)
        const service = await startLatchkey({ directory: directory(name), env: CHEAP_HASHING, store })
        contenders.push({ name, service, clients: [] })
      }
      for (const contender of contenders) {
        contender.clients = await registerClients(contender.service, delivery, most)
      }
      const rounds = new Map<number, Round[]>()
      for (const count of connections) {
        progress(`${count} connections`)
        const some = contenders.map((contender) => ({
          ...contender,
          clients: contender.clients.slice(0, count),
        }))
        const wanted = count === PROMISED_CONNECTIONS ? 7 : 4
        rounds.set(
          count,
          await takeTurns(
            some,
            quick ? { rounds: 3, secondsPerTurn: 1 } : { rounds: wanted, secondsPerTurn: 2 },
            progress,
          ),
        )
      }
      keepTable('rates', [
        ['connections', 'store', ...LOAD_HEADINGS],
        ...[...rounds].flatMap(([count, measured]) =>
          contenders.map(({ name }, index) => [String(count), shown(name), ...loadCells(measured, index)]),
        ),
      ])
      keepPlot('rates', {
        kind: 'lines',
        title: 'Refreshes per second, every one of them on the disk',
        xLabel: 'connections',
        yLabel: 'refreshes per second, one process, load and database server on the same two cores',
        x: connections,
        series: contenders.map(({ name }, index) => ({
          name: shown(name),
          y: [...rounds.values()].map((measured) => medianOf(measured, index, (load) => load.perSecond)),
        })),
      })
      return findings(contenders, rounds.get(PROMISED_CONNECTIONS) ?? [...rounds.values()].at(-1)!, names)
    } finally {
      for (const { service } of contenders) await service.stop()
      for (const store of servers) await store.remove()
    }
  },
}

function findings(
  contenders: readonly Contender[],
  rounds: readonly Round[],
  names: readonly StoreName[],
): Finding[] {
  const indexOf = (name: string) => contenders.findIndex((contender) => contender.name === name)
  return names
    .filter((name) => indexOf(PROMISES[name].of) >= 0)
    .map((name) => {
      const { of, atLeast } = PROMISES[name]
      const { ratio, text } = ratioOf(rounds, indexOf(name), indexOf(of))
      return {
        what: `refresh rate on ${shown(name)}, of ${of === 'floor' ? "the floor's" : `that on ${shown(of)}`}`,
        measured: text,
        promised: `at least ${atLeast}`,
        holds: ratio >= atLeast,
      }
    })
}

function shown(name: string): string {
  return name === 'floor' ? 'floor' : STORE_NAMES[name as StoreName]
}
