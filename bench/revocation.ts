import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { cpuOf, memoryOf } from './lab/process.ts'
import { runLatchkey, type Service, startLatchkey } from './lab/service.ts'
import { milliseconds } from './report.ts'
import { Fleet } from './revocation/fleet.ts'
import { ANOTHER, FIVE_OTHERS, SIGN_OUT } from './revocation/people.ts'
import { measure, type Series } from './revocation/rounds.ts'
import type { Finding, Scenario } from './scenario.ts'

const VERIFIERS = 500
const PROCESSES = 4
const PROMISED_MS = 100
const PROMISED_ELSEWHERE_MS = 1000
/** Two signs of life. */
const IDLE_SECONDS = 10

/**
 * From the answer to whoever ends a session to the last of many verifiers refusing its access token, which each of them remembers as
 * good.
 */
export const revocation: Scenario = {
  summary: `from the end of a session to the last of ${VERIFIERS} verifiers refusing its token`,
  async run({ quick, workplace, progress, keepTable }) {
    const directory = join(workplace.directory, 'revocation')
    const env = {
      LATCHKEY_SECRET: randomBytes(32).toString('base64url'),
      // Nobody guesses these passwords, and their hashing is no part of what is measured.
      LATCHKEY_HASH_MEMORY: '8192',
      LATCHKEY_HASH_ITERATIONS: '1',
    }
    const services: Service[] = []
    let fleet: Fleet | undefined
    try {
      const service = await startLatchkey({ directory, env })
      services.push(service)
      const neighbour = await startLatchkey({
        directory,
        env: { ...env, LATCHKEY_URL: service.publicOrigin },
      })
      services.push(neighbour)
      const registered = await runLatchkey(['services', 'add', 'bench'], { directory, env })
      const emptyMemory = memoryOf(service.pid)
      fleet = await Fleet.open(VERIFIERS, PROCESSES, {
        issuer: service.publicOrigin,
        clientId: /svc_[\w-]+/.exec(registered)![0],
        clientSecret: /lks_[\w-]+/.exec(registered)![0],
      })
      const cpuBefore = cpuOf(service.pid)
      await sleep(IDLE_SECONDS * 1000)
      const idleCpu = (cpuOf(service.pid) - cpuBefore) / IDLE_SECONDS
      const memoryOfReader = (memoryOf(service.pid) - emptyMemory) / VERIFIERS
      progress(`${VERIFIERS} verifiers in ${PROCESSES} processes, each with a connection of its own`)

      const rounds = quick ? 20 : 400
      const few = quick ? 10 : 50
      const here = { fleet, service, endedAt: service }
      const deleted = await measure(here, ANOTHER, rounds)
      const signedOut = await measure(here, SIGN_OUT, few)
      const five = await measure(here, FIVE_OTHERS, few)
      const elsewhere = await measure({ ...here, endedAt: neighbour }, ANOTHER, few)
      keepTable('rounds', [
        [
          ...['from the answer to the last refusal', 'rounds', 'p50', 'p99', 'worst'],
          ...['p99 from the request', 'CPU of other programs'],
        ],
        row('`DELETE /auth/sessions/{id}`', deleted),
        row('`POST /auth/logout`', signedOut),
        row('`DELETE /auth/sessions`, five at once', five),
        row('`DELETE /auth/sessions/{id}` at another process of the file', elsewhere),
      ])
      return [
        {
          what: `from the end of a session to ${VERIFIERS} verifiers refusing it, p99`,
          measured: milliseconds(deleted.sinceAnswer.percentile(0.99)),
          promised: `under ${PROMISED_MS} ms`,
          holds: deleted.sinceAnswer.percentile(0.99) < PROMISED_MS,
        },
        {
          what: 'the same, median (worst)',
          measured: `${milliseconds(deleted.sinceAnswer.percentile(0.5))} (${milliseconds(deleted.sinceAnswer.percentile(1))})`,
        },
        {
          what: 'the same, ended at another process of the file, worst (median)',
          measured: `${milliseconds(elsewhere.sinceAnswer.percentile(1))} (${milliseconds(elsewhere.sinceAnswer.percentile(0.5))})`,
          promised: `under ${PROMISED_ELSEWHERE_MS} ms`,
          holds: elsewhere.sinceAnswer.percentile(1) < PROMISED_ELSEWHERE_MS,
        },
        {
          what: `CPU time of the service per revocation, for ${VERIFIERS} readers`,
          measured: milliseconds(deleted.serviceCpu),
        },
        {
          what: 'CPU time of one verifier per revocation',
          measured: `${((1000 * deleted.fleetCpu) / VERIFIERS).toFixed(0)} µs`,
        },
        {
          what: 'memory of the service for an idle reader',
          measured: `${(1000 * memoryOfReader).toFixed(0)} kB`,
        },
        {
          what: `CPU time of the service for ${VERIFIERS} idle readers`,
          measured: `${(100 * idleCpu).toFixed(1)} % of a core`,
        },
      ] satisfies Finding[]
    } finally {
      await fleet?.close()
      for (const service of services) await service.stop()
    }
  },
}

function row(name: string, { sinceAnswer, sinceRequest, otherCpu }: Series): string[] {
  const times = [0.5, 0.99, 1].map((fraction) => milliseconds(sinceAnswer.percentile(fraction)))
  return [
    ...[name, String(sinceAnswer.count), ...times, milliseconds(sinceRequest.percentile(0.99))],
    `${(100 * otherCpu).toFixed(0)} % of a core`,
  ]
}
