import { setTimeout as sleep } from 'node:timers/promises'
import { cpuOfFamily, cpuOfMachine } from '../lab/process.ts'
import { Connection } from './connection.ts'
import { Latencies } from './latencies.ts'

/** A signed-in client: it keeps its refresh token from one answer to the next request. */
export interface Refresher {
  /** Rejects at any answer but a success. */
  refresh(connection: Connection): Promise<void>
}

/** The sessions that one connection refreshes in turn. Those of two clients never overlap. */
export type Client = Refresher[]

/** What the load is on: where it listens, and the processes whose CPU time is charged, each with its children. */
export interface Target {
  origin: string
  pid: number
  /** Of the database servers that the service has to itself. */
  storePids: readonly number[]
}

export interface Load {
  refreshes: number
  seconds: number
  perSecond: number
  /** Of the service, user and system together, over all its threads and processes. */
  cpuMicrosPerRefresh: number
  /** Of its database servers. */
  storeCpuMicrosPerRefresh: number
  /** Of the load itself: a share of one core. Near 1 means that the load, not the service, was measured. */
  loadCpu: number
  /** Of everybody else on the machine: a share of one core. */
  otherCpu: number
  latencies: Latencies
}

/** Every client refreshes as fast as its answers come, over a connection of its own, until `enough` says so. */
export async function closedLoop(
  clients: readonly Client[],
  target: Target,
  enough: (elapsedSeconds: number, refreshes: number) => boolean,
): Promise<Load> {
  return measure(clients, target, async (sessions, connection, latencies, started) => {
    for (let turn = 0; ; turn = (turn + 1) % sessions.length) {
      const sent = performance.now()
      if (enough((sent - started) / 1000, latencies.count)) return
      await sessions[turn]!.refresh(connection)
      latencies.record(performance.now() - sent)
    }
  })
}

/** The clients share `perSecond` evenly, each on its own schedule, whether or not the service keeps up. */
export async function pacedLoop(
  clients: readonly Client[],
  target: Target,
  perSecond: number,
  seconds: number,
): Promise<Load> {
  const interval = (1000 * clients.length) / perSecond
  return measure(clients, target, async (sessions, connection, latencies, started) => {
    let due = started + (interval * clients.indexOf(sessions)) / clients.length
    for (let turn = 0; due < started + seconds * 1000; turn = (turn + 1) % sessions.length) {
      const early = due - performance.now()
      if (early > 0) await sleep(early)
      // A late timer is ours, not the service's; a late answer to the request before is the service's.
      const sent = early > 0 ? performance.now() : due
      await sessions[turn]!.refresh(connection)
      latencies.record(performance.now() - sent)
      due += interval
    }
  })
}

type Loop = (client: Client, connection: Connection, latencies: Latencies, started: number) => Promise<void>

async function measure(
  clients: readonly Client[],
  { origin, pid, storePids }: Target,
  loop: Loop,
): Promise<Load> {
  const connections = await Promise.all(clients.map(() => Connection.open(origin)))
  const latencies = new Latencies()
  const cpuOfStores = () => storePids.reduce((sum, storePid) => sum + cpuOfFamily(storePid), 0)
  const cpuBefore = cpuOfFamily(pid)
  const storeCpuBefore = cpuOfStores()
  const machineBefore = cpuOfMachine()
  const ownBefore = process.cpuUsage()
  const started = performance.now()
  await Promise.all(clients.map((client, index) => loop(client, connections[index]!, latencies, started)))
  const seconds = (performance.now() - started) / 1000
  const own = process.cpuUsage(ownBefore)
  const ownCpu = (own.user + own.system) / 1_000_000
  const cpuSeconds = cpuOfFamily(pid) - cpuBefore
  const storeCpuSeconds = cpuOfStores() - storeCpuBefore
  const otherCpu = cpuOfMachine() - machineBefore - cpuSeconds - storeCpuSeconds - ownCpu
  for (const connection of connections) connection.close()
  return {
    refreshes: latencies.count,
    seconds,
    perSecond: latencies.count / seconds,
    cpuMicrosPerRefresh: (cpuSeconds * 1_000_000) / latencies.count,
    storeCpuMicrosPerRefresh: (storeCpuSeconds * 1_000_000) / latencies.count,
    loadCpu: ownCpu / seconds,
    otherCpu: Math.max(0, otherCpu) / seconds,
    latencies,
  }
}
