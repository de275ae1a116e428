import { Cluster, type Redis } from 'ioredis'
import { StoreUnavailableError } from '../../errors.ts'
import type { RedisLink } from './link.ts'

const SLOTS = 16_384

/** A server that takes writes, and the keys that it has. */
export interface Share {
  /** Says which server, and which keys. */
  name: string
  node: Redis
}

type SlotRange = [from: number, to: number, master: [host: string, port: number]]

/** The servers that have every key together. Rejects with `StoreUnavailableError`, also while nobody answers for some of the keys. */
export async function sharesOf(link: RedisLink): Promise<Share[]> {
  const { client } = link
  if (!(client instanceof Cluster)) return [{ name: 'all', node: client }]
  const ranges = (await link.call(() => client.call('CLUSTER', 'SLOTS'))) as SlotRange[]
  const nodes = new Map(client.nodes('master').map((node) => [addressOf(node), node]))
  const covered = ranges.reduce((sum, [from, to]) => sum + to - from + 1, 0)
  const shares = [...Map.groupBy(ranges, ([, , [host, port]]) => `${host}:${port}`)].map(
    ([address, own]) => ({
      name: `${address} ${own
        .map(([from, to]) => `${from}-${to}`)
        .toSorted()
        .join(' ')}`,
      node: nodes.get(address),
    }),
  )
  if (covered < SLOTS || shares.some(({ node }) => node === undefined)) {
    throw new StoreUnavailableError(new Error('some keys of the cluster have no server that is known'))
  }
  return (shares as Share[]).toSorted((a, b) => (a.name < b.name ? -1 : 1))
}

function addressOf({ options: { host, port } }: Redis): string {
  return `${host}:${port}`
}
