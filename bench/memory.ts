import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { clientsOfPopulation } from './lab/clients.ts'
import { peakMemoryOf } from './lab/process.ts'
import { seed } from './lab/seed.ts'
import { startLatchkey } from './lab/service.ts'
import { startStore } from './lab/stores.ts'
import { Connection } from './load/connection.ts'
import { closedLoop } from './load/loops.ts'
import { register, signIn } from './load/session.ts'
import { whole } from './report.ts'
import type { Scenario } from './scenario.ts'

const CONNECTIONS = 32
const SIGN_INS = 8
const PROMISED_MB = 200
const SECONDS = 15
const EMAIL = 'memory@example.com'

/** The most memory that the service ever has resident, with many live sessions, each refreshed at least once. */
export const memory: Scenario = {
  summary: 'peak memory with 100,000 live sessions, all of them refreshed',
  async run({ quick, workplace, progress }) {
    const sessions = quick ? 10_000 : 100_000
    const directory = join(workplace.directory, 'memory')
    const env = { LATCHKEY_SECRET: randomBytes(32).toString('base64url') }

    const first = await startLatchkey({ directory, env })
    await registerOne(first.origin, first.publicOrigin)
    await first.stop()
    await seed(await startStore('sqlite'), first.databaseFile, sessions)
    progress(`${whole(sessions)} sessions in the database`)

    const service = await startLatchkey({ directory, env })
    try {
      const afterStart = peakMemoryOf(service.pid)
      const clients = clientsOfPopulation(service, env.LATCHKEY_SECRET, sessions, CONNECTIONS)
      const { refreshes, perSecond } = await closedLoop(
        clients,
        service,
        (elapsed, done) => elapsed >= SECONDS && done >= sessions,
      )
      const afterRefreshes = peakMemoryOf(service.pid)
      progress(`${whole(refreshes)} refreshes, ${whole(perSecond)}/s`)
      await Promise.all(
        Array.from({ length: SIGN_INS }, () => signInOnce(service.origin, service.publicOrigin)),
      )
      const peak = peakMemoryOf(service.pid)
      progress(
        `resident at most: ${whole(afterStart)} MB at the start, ${whole(afterRefreshes)} MB after the refreshes, ${whole(peak)} MB after ${SIGN_INS} sign-ins at once`,
      )
      return [
        {
          what: `peak memory with ${whole(sessions)} live sessions`,
          measured: `${whole(peak)} MB`,
          promised: `under ${PROMISED_MB} MB`,
          holds: peak < PROMISED_MB,
        },
      ]
    } finally {
      await service.stop()
    }
  },
}

async function registerOne(origin: string, publicOrigin: string): Promise<void> {
  const connection = await Connection.open(origin)
  await register(connection, publicOrigin, 'browser', EMAIL)
  connection.close()
}

async function signInOnce(origin: string, publicOrigin: string): Promise<void> {
  const connection = await Connection.open(origin)
  await signIn(connection, publicOrigin, EMAIL)
  connection.close()
}
