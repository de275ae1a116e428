import { setTimeout as sleep } from 'node:timers/promises'
import { machineNow } from '../lab/clock.ts'
import { cpuOf, cpuOfMachine } from '../lab/process.ts'
import type { Service } from '../lab/service.ts'
import { Connection } from '../load/connection.ts'
import { Latencies } from '../load/latencies.ts'
import type { Fleet } from './fleet.ts'
import { type SignedIn, signInAnew, type Way } from './people.ts'

/** Rounds whose sessions are opened, and whose tokens are verified, before the first of them is timed. */
const ROUNDS_AT_ONCE = 10
/** So that no round falls into step with anything that looks now and then. */
const LONGEST_PAUSE_MS = 60

export interface Place {
  fleet: Fleet
  /** What the fleet listens to. */
  service: Service
  /** Where the sessions end. */
  endedAt: Service
}

export interface Series {
  /** From the answer to whoever ended a session to the last refusal, in milliseconds. */
  sinceAnswer: Latencies
  /** The same from the request on. */
  sinceRequest: Latencies
  /** CPU milliseconds per revoked session, of the service that the fleet listens to. */
  serviceCpu: number
  /** The same, of the whole fleet. */
  fleetCpu: number
  /** Of everybody else on the machine: a share of one core. */
  otherCpu: number
}

/** In each round sessions of a user end in one way, and every verifier of the fleet refuses their tokens. */
export async function measure(place: Place, way: Way, rounds: number): Promise<Series> {
  const connections = {
    in: await Connection.open(place.service.origin),
    out: await Connection.open(place.endedAt.origin),
  }
  const sinceAnswer = new Latencies()
  const sinceRequest = new Latencies()
  const used = { service: 0, fleet: 0, machine: 0, rest: 0, seconds: 0 }
  while (sinceAnswer.count < rounds) {
    const users: SignedIn[][] = []
    for (let round = 0; round < ROUNDS_AT_ONCE; round++)
      users.push(await signInAnew(connections.in, place.service, way.sessions))
    await place.fleet.remember(users.flatMap((sessions) => tokensOf(way.ended(sessions))))
    const before = clocks(place)
    for (const sessions of users) {
      await sleep(Math.random() * LONGEST_PAUSE_MS)
      let askedAt = 0
      let answeredAt = 0
      const refusedAt = await place.fleet.lastRefusal(tokensOf(way.ended(sessions)), async () => {
        askedAt = machineNow()
        await way.end(connections.out, place.endedAt, sessions)
        answeredAt = machineNow()
      })
      sinceAnswer.record(refusedAt - answeredAt)
      sinceRequest.record(refusedAt - askedAt)
    }
    const after = clocks(place)
    for (const key of Object.keys(used) as (keyof typeof used)[]) used[key] += after[key] - before[key]
  }
  for (const connection of Object.values(connections)) connection.close()
  const perRevocation = 1000 / (sinceAnswer.count * Math.max(1, way.sessions - 1))
  return {
    sinceAnswer,
    sinceRequest,
    serviceCpu: used.service * perRevocation,
    fleetCpu: used.fleet * perRevocation,
    otherCpu: Math.max(0, used.machine - used.service - used.fleet - used.rest) / used.seconds,
  }
}

/** CPU seconds that were used so far by whom, and the time. */
function clocks({ fleet, service, endedAt }: Place) {
  const own = process.cpuUsage()
  const neighbour = endedAt === service ? 0 : cpuOf(endedAt.pid)
  return {
    service: cpuOf(service.pid),
    fleet: fleet.cpu(),
    rest: (own.user + own.system) / 1_000_000 + neighbour,
    machine: cpuOfMachine(),
    seconds: performance.now() / 1000,
  }
}

function tokensOf(sessions: readonly SignedIn[]): string[] {
  return sessions.map(({ accessToken }) => accessToken)
}
