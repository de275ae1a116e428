import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { registerClients } from './lab/clients.ts'
import { type Service, startLatchkey } from './lab/service.ts'
import { Connection } from './load/connection.ts'
import { type Load, pacedLoop } from './load/loops.ts'
import { register, signIn } from './load/session.ts'
import { milliseconds, whole } from './report.ts'
import type { Scenario } from './scenario.ts'

const REFRESH_CLIENTS = 16
const REFRESHES_PER_SECOND = 200
// More than may wait for a hashing thread. Who is served asks again at once, who is refused after about a
// second: people do not knock in step.
const SIGN_IN_CLIENTS = 400
const PAUSE_MS = 1000
const PROMISED_P99_MS = 50
// An account of its own: the sign-ins of one user end the least recently used of that user's sessions.
const STORMED_EMAIL = 'storm@example.com'

interface SignIns {
  served: number
  refused: number
}

/** Refreshes at a steady pace: alone, and under more sign-ins than the machine can hash passwords for. */
export const signInPressure: Scenario = {
  summary: 'the latency of refreshes while sign-ins arrive faster than hashing can serve them',
  async run({ quick, delivery, workplace, progress, keepTable }) {
    const seconds = quick ? 3 : 15
    const service = await startLatchkey({ directory: join(workplace.directory, 'pressure') })
    try {
      const clients = await registerClients(service, delivery, REFRESH_CLIENTS)
      const refreshes = () => pacedLoop(clients, service, REFRESHES_PER_SECOND, seconds)
      await refreshes()
      const alone = await refreshes()
      const { load: pressed, signIns } = await underSignIns(service, refreshes)
      progress(
        `sign-ins: ${each(signIns.served, pressed)} served, ${each(signIns.refused, pressed)} refused with 503`,
      )
      keepTable('latencies', [
        ['refreshes', 'p50', 'p99', 'worst'],
        row('alone', alone),
        row(
          `while ${whole((signIns.served + signIns.refused) / pressed.seconds)} sign-ins a second arrive`,
          pressed,
        ),
      ])
      return [
        {
          what: 'p99 of a refresh under a storm of sign-ins (alone)',
          measured: `${milliseconds(pressed.latencies.percentile(0.99))} (${milliseconds(alone.latencies.percentile(0.99))})`,
          promised: `under ${PROMISED_P99_MS} ms`,
          holds: pressed.latencies.percentile(0.99) < PROMISED_P99_MS,
        },
        {
          what: 'p50 of a refresh under a storm of sign-ins (alone)',
          measured: `${milliseconds(pressed.latencies.percentile(0.5))} (${milliseconds(alone.latencies.percentile(0.5))})`,
        },
        {
          what: 'sign-ins past what hashing can serve',
          measured: `${each(signIns.refused, pressed)} refused`,
          promised: 'refused at once',
          holds: signIns.refused > 0,
        },
      ]
    } finally {
      await service.stop()
    }
  },
}

async function underSignIns(
  service: Service,
  refreshes: () => Promise<Load>,
): Promise<{ load: Load; signIns: SignIns }> {
  const signIns: SignIns = { served: 0, refused: 0 }
  let over = false
  const registering = await Connection.open(service.origin)
  await register(registering, service.publicOrigin, 'browser', STORMED_EMAIL)
  registering.close()
  const storm = Array.from({ length: SIGN_IN_CLIENTS }, async () => {
    await sleep(pause())
    const connection = await Connection.open(service.origin)
    while (!over) {
      const status = await signIn(connection, service.publicOrigin, STORMED_EMAIL)
      if (status === 200) signIns.served++
      else if (status === 503) signIns.refused++
      else throw new Error(`a sign-in was answered ${status}`)
      if (status === 503) await sleep(pause())
    }
    connection.close()
  })
  const load = await refreshes()
  over = true
  await Promise.all(storm)
  return { load, signIns }
}

function pause(): number {
  return PAUSE_MS * 2 * Math.random()
}

function row(name: string, { latencies }: Load): string[] {
  return [name, ...[0.5, 0.99, 1].map((fraction) => milliseconds(latencies.percentile(fraction)))]
}

function each(count: number, { seconds }: Load): string {
  return `${whole(count / seconds)}/s`
}
