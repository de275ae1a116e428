import { Cluster, type ClusterOptions, Redis, type RedisOptions } from 'ioredis'
import { SCRIPTS, type ScriptedClient } from './scripts.ts'
import type { RedisLocation } from './url.ts'

const FIRST_RETRY_MS = 20
const LONGEST_RETRY_MS = 500
const CONNECT_TIMEOUT_MS = 2_000
const KEEP_ALIVE_MS = 10_000
const SOCKET_GRACE_MS = 200

/** The errors of a server that cannot serve now, or not any more, as the master: another connection may find one that can. */
const RECONNECT_AT = /^(?:READONLY|LOADING|MASTERDOWN|UNBLOCKED)\b/

/**
 * A client that queues nothing: what cannot be sent now fails now. It connects by itself, again and again.
 * @param commandTimeoutMs what one command may take
 */
export function createClient(location: RedisLocation, commandTimeoutMs: number): ScriptedClient {
  const client =
    location.kind === 'cluster'
      ? clusterClient(location, commandTimeoutMs)
      : singleClient(location, commandTimeoutMs)
  // Whoever calls hears of what concerns the call, and a connection that is lost is made again.
  client.on('error', () => {})
  return client as ScriptedClient
}

function singleClient(location: RedisLocation, commandTimeoutMs: number): Redis {
  const [{ host, port }] = location.addresses
  const options: RedisOptions = {
    ...nodeOptions(location, commandTimeoutMs),
    db: location.db,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    retryStrategy: backOff,
    lazyConnect: true,
    scripts: SCRIPTS,
  }
  if (location.kind === 'single') return new Redis({ ...options, host, port })
  return new Redis({
    ...options,
    sentinels: [...location.addresses],
    name: location.master as string,
    role: 'master',
    sentinelRetryStrategy: backOff,
    ...(location.sentinelPassword === null ? {} : { sentinelPassword: location.sentinelPassword }),
    // A former master that does not know yet what it is would take writes that are lost.
    failoverDetector: true,
    ...(location.tls === null
      ? {}
      : { sentinelTLS: tlsOptions(location.tls), enableTLSForSentinelMode: true }),
  })
}

function clusterClient(location: RedisLocation, commandTimeoutMs: number): Cluster {
  const options: ClusterOptions = {
    redisOptions: nodeOptions(location, commandTimeoutMs),
    enableOfflineQueue: false,
    clusterRetryStrategy: backOff,
    // A replica may lag behind: it would let in whom the master has turned away.
    scaleReads: 'master',
    slotsRefreshTimeout: CONNECT_TIMEOUT_MS,
    slotsRefreshInterval: 5_000,
    retryDelayOnFailover: 100,
    retryDelayOnClusterDown: 100,
    // Certificates name hosts, and a lookup turns them into numbers.
    dnsLookup: (host, callback) => callback(null, host),
    lazyConnect: true,
    scripts: SCRIPTS,
  }
  return new Cluster([...location.addresses], options)
}

function nodeOptions({ username, password, tls }: RedisLocation, commandTimeoutMs: number) {
  return {
    ...(username === null ? {} : { username }),
    ...(password === null ? {} : { password }),
    ...(tls === null ? {} : { tls: tlsOptions(tls) }),
    commandTimeout: commandTimeoutMs,
    // A way that swallows everything looks like a slow server: after the command, its connection is given up too.
    socketTimeout: commandTimeoutMs + SOCKET_GRACE_MS,
    connectTimeout: CONNECT_TIMEOUT_MS,
    keepAlive: KEEP_ALIVE_MS,
    connectionName: 'latchkey',
    disableClientInfo: true,
    autoResendUnfulfilledCommands: false,
    reconnectOnError: ({ message }: Error) => RECONNECT_AT.test(message),
    // What this service uses is the same in both, and old proxies know only this one.
    protocol: 2 as const,
  }
}

function tlsOptions({ ca }: NonNullable<RedisLocation['tls']>): { ca?: Buffer } {
  return ca === null ? {} : { ca }
}

function backOff(attempts: number): number {
  return Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.min(attempts - 1, 10))
}
