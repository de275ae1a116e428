import { setTimeout as delay } from 'node:timers/promises'
import { Redis } from 'ioredis'
import { type RedisServer, startRedis } from './redis.ts'

const SLOTS = 16_384
const LOOK_EVERY_MS = 50
const NODE_SETTINGS = { 'cluster-enabled': 'yes', 'cluster-node-timeout': '1000' }

export interface RedisCluster {
  url: string
  /** The masters, then a replica of the first one where it was asked for. */
  nodes: readonly RedisServer[]
  remove(): Promise<void>
}

/** Starts a cluster of three masters, empty. To be removed by who asked for it. */
export async function startRedisCluster({ replica = false } = {}): Promise<RedisCluster> {
  const masters = await Promise.all(Array.from({ length: 3 }, () => startRedis(NODE_SETTINGS)))
  const nodes = replica ? [...masters, await startRedis(NODE_SETTINGS)] : masters
  const clients = nodes.map(({ url }) => new Redis(url))
  const [first, ...others] = clients as [Redis, ...Redis[]]
  try {
    await Promise.all(
      masters.map((_, i) => {
        const [from, to] = [i, i + 1].map((third) => Math.floor((third * SLOTS) / masters.length))
        return clients[i]!.call('CLUSTER', 'ADDSLOTSRANGE', String(from), String(to! - 1))
      }),
    )
    for (const [i, client] of clients.entries())
      await client.call('CLUSTER', 'SET-CONFIG-EPOCH', String(i + 1))
    for (const { port } of nodes.slice(1)) await first.call('CLUSTER', 'MEET', '127.0.0.1', String(port))
    await until(async () => {
      const infos = await Promise.all(clients.map((client) => client.cluster('INFO')))
      return infos.every(
        (info) => info.includes('cluster_state:ok') && info.includes(`cluster_known_nodes:${nodes.length}`),
      )
    })
    if (replica) {
      const last = others.at(-1) as Redis
      await last.call('CLUSTER', 'REPLICATE', (await first.call('CLUSTER', 'MYID')) as string)
      await until(async () => (await last.info('replication')).includes('master_link_status:up'))
    }
  } finally {
    for (const client of clients) client.disconnect()
  }
  return {
    url: `redis+cluster://${masters.map(({ port }) => `127.0.0.1:${port}`).join(',')}`,
    nodes,
    async remove() {
      await Promise.all(nodes.map(({ process }) => process.remove()))
    },
  }
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await delay(LOOK_EVERY_MS)
}
