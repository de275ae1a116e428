import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { withRedis } from './by-hand.ts'
import { freePort } from './free-port.ts'
import { answersPing, type RedisServer, startRedis } from './redis.ts'
import { newServerFolder, ServerProcess } from './server-process.ts'

const LOOK_EVERY_MS = 50
const MASTER_NAME = 'latchkey-test'

export interface SentinelGroup {
  url: string
  master: RedisServer
  replica: RedisServer
  remove(): Promise<void>
}

/** Starts a master, a replica of it, and a Sentinel that makes the replica the master when the master is gone. */
export async function startSentinelGroup(settings: Record<string, string> = {}): Promise<SentinelGroup> {
  const master = await startRedis(settings)
  const replica = await startRedis({ ...settings, replicaof: `127.0.0.1 ${master.port}` })
  const port = await freePort()
  const folder = newServerFolder('sentinel')
  const file = join(folder, 'sentinel.conf')
  writeFileSync(
    file,
    [
      `port ${port}`,
      'bind 127.0.0.1',
      `dir ${folder}`,
      `sentinel monitor ${MASTER_NAME} 127.0.0.1 ${master.port} 1`,
      `sentinel down-after-milliseconds ${MASTER_NAME} 500`,
      `sentinel failover-timeout ${MASTER_NAME} 3000`,
      '',
    ].join('\n'),
  )
  const sentinel = new ServerProcess({
    command: 'redis-server',
    arguments: [file, '--sentinel'],
    folder,
    isReady: () => answersPing(port),
    stopSignal: 'SIGTERM',
  })
  await sentinel.start()
  await until(
    async () =>
      (await withRedis(replica.url, (redis) => redis.info('replication'))).includes(
        'master_link_status:up',
      ) &&
      (await withRedis(`redis://127.0.0.1:${port}`, (redis) => redis.info('sentinel'))).includes('slaves=1'),
  )
  return {
    url: `redis+sentinel://127.0.0.1:${port}/${MASTER_NAME}`,
    master,
    replica,
    async remove() {
      await sentinel.remove()
      await Promise.all([master.process.remove(), replica.process.remove()])
    },
  }
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await delay(LOOK_EVERY_MS)
}
