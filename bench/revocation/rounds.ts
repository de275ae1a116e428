import { setTimeout as sleep } from 'node:timers/promises'
import { machineNow } from '../lab/clock.ts'
import { cpuOf, cpuOfMachine } from '../lab/process.ts'
import type { Service } from '../lab/service.ts'
import { Connection } from '../load/connection.ts'
import { Latencies } from '../load/latencies.ts'
import type { Fleet } from './fleet.ts'
import { signInAnew, type Way } from './people.ts'

/** Rounds whose sessions are opened, and whose tokens are verified, before the first of them is timed. */
const ROUNDS_AT_ONCE = 10
/** So that no round falls into step with anything that looks now and then. */
const LONGEST_PAUSE_MS = 60

// Every verifier has to have the processor before the last has refused. Rounds in which other programs used more than this share
// of a core tell more about them: they are taken again.
const DISTURBED = 0.15
const MOST_ATTEMPTS = 2

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

interface Group {
  rounds: { askedAt: number; answeredAt: number; refusedAt: number }[]
  used: Used
}

type Used = ReturnType<typeof clocks>

/** In each round sessions of a user end in one way, and every verifier of the fleet refuses their tokens. */
export async function measure(place: Place, way: Way, rounds: number): Promise<Series> {
  const [entrance, exit] = [
    await Connection.open(place.service.origin),
    await Connection.open(place.endedAt.origin),
  ]
  const wanted = Math.ceil(rounds / ROUNDS_AT_ONCE)
  const all: Group[] = []
  const quiet: Group[] = []
  while (quiet.length < wanted && all.length < wanted * MOST_ATTEMPTS) {
    const group = await measureGroup(place, way, entrance, exit)
    all.push(group)
    if (otherCpu(group.used) <= DISTURBED) quiet.push(group)
  }
  entrance.close()
  exit.close()
  // On a machine that is never quiet every round counts.
  return summarise(quiet.length < wanted / 2 ? all : quiet, way)
}

async function measureGroup(place: Place, way: Way, entrance: Connection, exit: Connection): Promise<Group> {
  const users = []
  for (let round = 0; round < ROUNDS_AT_ONCE; round++) {
    const sessions = await signInAnew(entrance, place.service, way.sessions)
    users.push({ sessions, tokens: way.ended(sessions).map(({ accessToken }) => accessToken) })
  }
  await place.fleet.remember(users.flatMap(({ tokens }) => tokens))
  const before = clocks(place)
  const rounds = []
  for (const { sessions, tokens } of users) {
    await sleep(Math.random() * LONGEST_PAUSE_MS)
    let askedAt = 0
    let answeredAt = 0
    const refusedAt = await place.fleet.lastRefusal(tokens, async () => {
      askedAt = machineNow()
      await way.end(exit, place.endedAt, sessions)
      answeredAt = machineNow()
    })
    rounds.push({ askedAt, answeredAt, refusedAt })
  }
  return { rounds, used: combine(clocks(place), before, (after, before) => after - before) }
}

function summarise(groups: readonly Group[], way: Way): Series {
  const sinceAnswer = new Latencies()
  const sinceRequest = new Latencies()
  for (const { askedAt, answeredAt, refusedAt } of groups.flatMap(({ rounds }) => rounds)) {
    sinceAnswer.record(refusedAt - answeredAt)
    sinceRequest.record(refusedAt - askedAt)
  }
  const used = groups.map((group) => group.used).reduce((sum, one) => combine(sum, one, (a, b) => a + b))
  const perRevocation = 1000 / (sinceAnswer.count * Math.max(1, way.sessions - 1))
  return {
    sinceAnswer,
    sinceRequest,
    serviceCpu: used.service * perRevocation,
    fleetCpu: used.fleet * perRevocation,
    otherCpu: otherCpu(used),
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

function otherCpu({ service, fleet, rest, machine, seconds }: Used): number {
  return Math.max(0, machine - service - fleet - rest) / seconds
}

function combine(one: Used, other: Used, how: (one: number, other: number) => number): Used {
  return {
    service: how(one.service, other.service),
    fleet: how(one.fleet, other.fleet),
    rest: how(one.rest, other.rest),
    machine: how(one.machine, other.machine),
    seconds: how(one.seconds, other.seconds),
  }
}
