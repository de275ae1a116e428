import { join } from 'node:path'
import { registerClients } from './lab/clients.ts'
import { CHEAP_HASHING, startLatchkey } from './lab/service.ts'
import { STORE_NAMES, type Store, startStore } from './lab/stores.ts'
import { type Contender, LOAD_HEADINGS, loadCells, ratioOf, takeTurns } from './lab/turns.ts'
import type { Finding, Scenario } from './scenario.ts'

const CONNECTIONS = 32
const WORKERS = [1, 2]

/** One process and two, on the same two cores as the load: what is left of the second core for it. */
export const workers: Scenario = {
  summary: `refreshes per second with ${WORKERS.join(' and ')} workers, on each store`,
  async run({ quick, delivery, workplace, stores: names, progress, keepTable }) {
    const contenders: Contender[] = []
    const stores: Store[] = []
    try {
      for (const name of names) {
        for (const count of WORKERS) {
          const store = await startStore(name)
          stores.push(store)
          const service = await startLatchkey({
            directory: join(workplace.directory, `${name}-${count}`),
            env: CHEAP_HASHING,
            store,
            args: ['--workers', String(count)],
          })
          contenders.push({ name: `${STORE_NAMES[name]}, ${count}`, service, clients: [] })
          contenders.at(-1)!.clients = await registerClients(service, delivery, CONNECTIONS)
        }
      }
      const rounds = await takeTurns(
        contenders,
        quick ? { rounds: 3, secondsPerTurn: 1 } : { rounds: 5, secondsPerTurn: 2 },
        progress,
      )
      keepTable('rates', [
        ['store, workers', ...LOAD_HEADINGS],
        ...contenders.map(({ name }, index) => [name, ...loadCells(rounds, index)]),
      ])
      return names.map(
        (name, index): Finding => ({
          what: `refresh rate on ${STORE_NAMES[name]} with two workers, of that with one`,
          measured: ratioOf(rounds, 2 * index + 1, 2 * index).text,
        }),
      )
    } finally {
      for (const { service } of contenders) await service.stop()
      for (const store of stores) await store.remove()
    }
  },
}
