import type { Redis } from 'ioredis'
import { type RedisLocation, wrong } from './url.ts'

const OLDEST_MAJOR = 7
const UNSEEN =
  'Redis does not let its settings be seen: without appendonly yes and appendfsync always, a crash loses the last refreshes'
const LOOPBACK = /^(?:localhost|127\.[\d.]+|::1)$/

/** The texts of INFO, by name. */
export type Facts = ReadonlyMap<string, string>

/** Empty where they are not for us to see. */
export async function readFacts(node: Redis): Promise<Facts> {
  const info = await node
    .info('server', 'replication', 'persistence', 'memory', 'cluster')
    .catch((error: Error) => (error.message.startsWith('NOPERM') ? '' : Promise.reject(error)))
  return new Map(
    info.split(/\r?\n/).flatMap((line) => {
      const colon = line.indexOf(':')
      return colon > 0 ? [[line.slice(0, colon), line.slice(colon + 1)] as const] : []
    }),
  )
}

/** Which history of data a server has: another one after a restart, and in a replica that has become the master. */
export function historyOf(facts: Facts): string {
  return `${facts.get('run_id')} ${facts.get('master_replid')}`
}

/** Throws a `ConfigError` for a server that cannot serve us. */
export function checkServer(facts: Facts, { kind }: RedisLocation): void {
  const version = facts.get('redis_version') ?? ''
  if (Number.parseInt(version, 10) < OLDEST_MAJOR) {
    throw wrong(`names Redis ${version}: version ${OLDEST_MAJOR} or later is needed`)
  }
  if (facts.get('cluster_enabled') === '1' && kind !== 'cluster') {
    throw wrong('names a node of a cluster: write redis+cluster://')
  }
}

/** What can be seen of what a server may lose, or gives away, as whole sentences. */
export async function noticesOf(node: Redis, facts: Facts, location: RedisLocation): Promise<string[]> {
  const policy = facts.get('maxmemory_policy')
  return [
    ...(await noticesOfDurability(node, facts)),
    ...(policy === undefined || policy === 'noeviction'
      ? []
      : [
          `Redis has maxmemory-policy ${policy}: where memory runs short, it signs users out. Set noeviction`,
        ]),
    ...(location.tls === null && location.addresses.some(({ host }) => !LOOPBACK.test(host))
      ? ['Redis is reached without TLS: whoever can listen on the way can take over sessions. Use rediss://']
      : []),
  ]
}

async function noticesOfDurability(node: Redis, facts: Facts): Promise<string[]> {
  if (facts.get('aof_enabled') === '0') {
    return ['Redis has appendonly off: a restart signs users out, or forgets the last refreshes and endings']
  }
  if (facts.size === 0) return [UNSEEN]
  const fsync = await settingOf(node, 'appendfsync')
  if (fsync === 'always') return []
  return [
    fsync === null
      ? UNSEEN
      : `Redis has appendfsync ${fsync}: where its machine stops, the last refreshes are lost. Set always`,
  ]
}

/** Null where it is not for us to see, as with many providers. */
async function settingOf(node: Redis, name: string): Promise<string | null> {
  try {
    const [, value] = (await node.config('GET', name)) as string[]
    return value ?? null
  } catch {
    return null
  }
}
