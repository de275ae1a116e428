import { spawnSync } from 'node:child_process'
import { Redis } from 'ioredis'
import { freePort } from './free-port.ts'
import { newServerFolder, ServerProcess } from './server-process.ts'

export interface RedisServer {
  port: number
  url: string
  folder: string
  process: ServerProcess
}

/** Whether the server is installed. */
export function hasRedis(): boolean {
  return spawnSync('redis-server', ['--version']).status === 0
}

/**
 * Starts a Redis server of its own on a free port, empty. To be removed by who asked for it.
 * @param settings of redis.conf; by default each write is on the disk before it is answered
 */
export async function startRedis(settings: Record<string, string> = {}): Promise<RedisServer> {
  const folder = newServerFolder('redis')
  const port = await freePort()
  const all = {
    port: String(port),
    bind: '127.0.0.1',
    dir: folder,
    save: '',
    appendonly: 'yes',
    appendfsync: 'always',
    'maxmemory-policy': 'noeviction',
    ...settings,
  }
  const server = new ServerProcess({
    command: 'redis-server',
    arguments: Object.entries(all).flatMap(([name, value]) => [`--${name}`, value]),
    folder,
    isReady: () => answersPing(port),
    stopSignal: 'SIGTERM',
  })
  await server.start()
  return { port, url: `redis://127.0.0.1:${port}/0`, folder, process: server }
}

export async function answersPing(port: number): Promise<void> {
  const client = new Redis({
    port,
    host: '127.0.0.1',
    lazyConnect: true,
    retryStrategy: () => null,
    maxRetriesPerRequest: 0,
  })
  client.on('error', () => {})
  try {
    await client.connect()
    await client.ping()
  } finally {
    client.disconnect()
  }
}
