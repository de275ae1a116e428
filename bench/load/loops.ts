import { setTimeout as sleep } from 'node:timers/promises'
import { cpuOf } from '../lab/process.ts'
import type { Connection } from './connection.ts'
import { Latencies } from './latencies.ts'
import type { ClientSession } from './session.ts'

export interface Client {
  connection: Connection
  /** A client refreshes its sessions in turn; the sessions of two clients never overlap. */
  sessions: readonly ClientSession[]
}

export interface Load {
  refreshes: number
  seconds: number
  perSecond: number
  /** Of the service, user and system together, over all its threads. */
  cpuMicrosPerRefresh: number
  /** Of the load itself: a share of one core. Near 1 means that the load, not the service, was measured. */
  loadCpu: number
  latencies: Latencies
}

/**
 * Every client refreshes as fast as its answers come, until `enough` says so.
 *
 * @param pid the service, whose CPU time is charged for the refreshes
 */
export async function closedLoop(
  clients: readonly Client[],
  pid: number,
  enough: (elapsedSeconds: number, refreshes: number) => boolean,
): Promise<Load> {
  return measure(pid, async (latencies) => {
    const started = performance.now()
    await Promise.all(
      clients.map(async ({ connection, sessions }) => {
        for (let turn = 0; ; turn = (turn + 1) % sessions.length) {
          const sent = performance.now()
          if (enough((sent - started) / 1000, latencies.count)) return
          await sessions[turn]!.refresh(connection)
          latencies.record(performance.now() - sent)
        }
      }),
    )
  })
}

/** The clients share `perSecond` evenly, each on its own schedule, whether or not the service keeps up. */
export async function pacedLoop(
  clients: readonly Client[],
  pid: number,
  perSecond: number,
  seconds: number,
): Promise<Load> {
  const interval = (1000 * clients.length) / perSecond
  return measure(pid, async (latencies) => {
    const started = performance.now()
    await Promise.all(
      clients.map(async ({ connection, sessions }, index) => {
        let due = started + (interval * index) / clients.length
        for (let turn = 0; due < started + seconds * 1000; turn = (turn + 1) % sessions.length) {
          const early = due - performance.now()
          if (early > 0) await sleep(early)
          // A late timer is ours, not the service's; a late answer to the request before is the service's.
          const sent = early > 0 ? performance.now() : due
          await sessions[turn]!.refresh(connection)
          latencies.record(performance.now() - sent)
          due += interval
        }
      }),
    )
  })
}

async function measure(pid: number, load: (latencies: Latencies) => Promise<void>): Promise<Load> {
  const latencies = new Latencies()
  const cpuBefore = cpuOf(pid)
  const ownBefore = process.cpuUsage()
  const started = performance.now()
  await load(latencies)
  const seconds = (performance.now() - started) / 1000
  const own = process.cpuUsage(ownBefore)
  return {
    refreshes: latencies.count,
    seconds,
    perSecond: latencies.count / seconds,
    cpuMicrosPerRefresh: ((cpuOf(pid) - cpuBefore) * 1_000_000) / latencies.count,
    loadCpu: (own.user + own.system) / 1_000_000 / seconds,
    latencies,
  }
}
