// What stands in for Web Locks and BroadcastChannel. Only a browser that lacks one loads it, so it imports nothing of the
// client that every page has.

import type { Host, Tabs } from './host.ts'
import { type Note, underLease } from './lease.ts'
import type { Exclusive } from './lock.ts'
import type { Records } from './record.ts'
import { openStorageChannel } from './storage-channel.ts'

/** What the browser has of the two, and the rest. */
export function standIn(
  name: string,
  lock: Exclusive | undefined,
  notes: Records<Note>,
  host: Pick<Host, 'now' | 'sleep'>,
  newKey: () => string,
): Tabs {
  const { BroadcastChannel } = globalThis
  return {
    lock: lock ?? underLease(notes, host, newKey),
    channel: BroadcastChannel ? new BroadcastChannel(name) : openStorageChannel(name),
  }
}
