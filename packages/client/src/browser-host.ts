import { createClock } from './clock.ts'
import type { Host, Tabs } from './host.ts'
import { indexedDbRecords } from './indexed-db-records.ts'
import { type Exclusive, underWebLock } from './lock.ts'
import { newKey } from './random.ts'
import type { Stored } from './record.ts'

/** A page or a worker, which shares its cookie with the other tabs of the origin. Also what is left of one on a server. */
export function browserHost(name: string): Host {
  const host = { now: createClock(), sleep, records: indexedDbRecords<Stored>(name) }
  return { ...host, watch: globalThis.location && watch, tabs: connectTabs(name, host) }
}

async function connectTabs(name: string, host: Pick<Host, 'now' | 'sleep'>): Promise<Tabs> {
  const alone: Exclusive = (task) => task()
  // Outside a browser nothing is shared: Node's own BroadcastChannel would join the users of one process.
  if (!globalThis.location) return { lock: alone }
  const locks: LockManager | undefined = navigator.locks
  const { BroadcastChannel } = globalThis
  const lock = locks ? underWebLock(locks, name) : undefined
  // A browser that lacks a part loads what stands in for it. Where even that is gone, each tab is on its own.
  return lock && BroadcastChannel
    ? { lock, channel: new BroadcastChannel(name) }
    : import('./stand-ins.ts').then(
        ({ standIn }) => standIn(name, lock, indexedDbRecords(`${name} lock`), host, newKey),
        () => ({ lock: alone }),
      )
}

function watch(wake: () => void, pause: () => void): () => void {
  /** Devices that get the network back together must not ask together. */
  const ONLINE_SPREAD_MS = 1000
  const hear = ({ type }: Event) => {
    if (type === 'online') setTimeout(wake, Math.random() * ONLINE_SPREAD_MS)
    else if (type !== 'visibilitychange') pause()
    else if (!document.hidden) wake()
  }
  const controller = new AbortController()
  for (const type of ['online', 'visibilitychange', 'freeze', 'pagehide']) {
    // Some of these are the document's own events: the window meets them on their way down.
    addEventListener(type, hear, { capture: true, signal: controller.signal })
  }
  return () => controller.abort()
}

function sleep(milliseconds: number, signal?: AbortSignal): Promise<unknown> {
  return new Promise((resolve) => {
    setTimeout(resolve, milliseconds)
    signal?.addEventListener('abort', resolve)
  })
}
