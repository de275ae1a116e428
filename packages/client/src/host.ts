import type { Tokens } from '@latchkey/protocol'
import type { Exclusive } from './lock.ts'
import type { Records, Stored } from './record.ts'
import type { Service } from './service.ts'
import type { Session } from './session.ts'

/** What the client stands on: a page in one case, everything else in the other. A test builds its own. */
export interface Host {
  /** Milliseconds on a clock that only goes forward, and counts the time that the machine slept. */
  now(): number
  /** Resolves after so many milliseconds, or at once when `signal` aborts. */
  sleep(milliseconds: number, signal?: AbortSignal): Promise<unknown>
  records: Records
  tabs: Promise<Tabs>
  /** Calls `wake` when the user or the network is back, and `pause` when the page is about to be frozen. */
  watch?(wake: () => void, pause: () => void): () => void
  /** Where the refresh token is in the record rather than in a cookie: sends it along. */
  carry?(service: Service): Service
  /** What of an answer goes into the record. */
  keep?(tokens: Tokens, ageMs: number): Partial<Stored>
  /** Settles from the record alone what can be, and says so. */
  settle?(record: Stored, session: Session): boolean
}

/** What is shared with the others of the session: the tabs of an origin, or the processes of a user. */
export interface Tabs {
  /** Held while the cookie or the record changes, among all who share them. */
  lock: Exclusive
  /** How tabs hear of each other. Without one each asks the service, in its turn. */
  channel?: Channel
}

/** The part of a `BroadcastChannel` that is used. */
export type Channel = Pick<BroadcastChannel, 'postMessage' | 'close'> & {
  addEventListener(type: 'message', listener: (event: { data: unknown }) => void): void
}
