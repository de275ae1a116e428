import { join } from 'node:path'
import { registerClients } from './lab/clients.ts'
import { CHEAP_HASHING, startLatchkey } from './lab/service.ts'
import { type Contender, LOAD_HEADINGS, loadCells, medianOf, ratioOf, takeTurns } from './lab/turns.ts'
import { installPeers, PEERS, startWithClients } from './peers/contenders.ts'
import type { Scenario } from './scenario.ts'

const CONNECTIONS = 32
const PROMISED_RATIO = 6

/** Refreshes per second beside what others rotate refresh tokens with, each as durable as ours, on SQLite. */
export const peers: Scenario = {
  summary: `refreshes per second at ${CONNECTIONS} connections, in turns with what others do`,
  async run({ quick, delivery, workplace, progress, keepTable, keepPlot }) {
    installPeers(progress)
    const contenders: Contender[] = []
    try {
      const service = await startLatchkey({
        directory: join(workplace.directory, 'latchkey'),
        env: CHEAP_HASHING,
      })
      contenders.push({ name: 'latchkey', service, clients: [] })
      contenders[0]!.clients = await registerClients(service, delivery, CONNECTIONS)
      for (const peer of PEERS) {
        const directory = join(workplace.directory, peer.name)
        contenders.push({ name: peer.name, ...(await startWithClients(peer, directory, CONNECTIONS)) })
      }
      const rounds = await takeTurns(
        contenders,
        quick ? { rounds: 3, secondsPerTurn: 1 } : { rounds: 7, secondsPerTurn: 2 },
        progress,
      )
      const rate = (index: number) => medianOf(rounds, index, (load) => load.perSecond)
      keepTable('rates', [
        ['', ...LOAD_HEADINGS],
        ...contenders.map(({ name }, index) => [name, ...loadCells(rounds, index)]),
      ])
      keepPlot('rates', {
        kind: 'bars',
        title: `Refreshes per second at ${CONNECTIONS} connections, every one of them on the disk`,
        yLabel: 'on SQLite, one process, load on the same machine',
        bars: contenders.map(({ name }, index) => ({ name, value: rate(index) })),
      })
      const others = contenders.map((_, index) => index).slice(1)
      const fastest = others.reduce((best, index) => (rate(index) > rate(best) ? index : best))
      const { ratio, text } = ratioOf(rounds, 0, fastest)
      return [
        {
          what: `refresh rate, of the fastest peer's (${contenders[fastest]!.name})`,
          measured: text,
          promised: `at least ${PROMISED_RATIO}`,
          holds: ratio >= PROMISED_RATIO,
        },
        {
          what: 'the same, of the tutorial as tutorials have it',
          measured: ratioOf(rounds, 0, 1).text,
        },
      ]
    } finally {
      for (const { service } of contenders) await service.stop()
    }
  },
}
