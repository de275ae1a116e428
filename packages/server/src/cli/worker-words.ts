import type { AddressInfo } from 'node:net'

/** What a worker tells the primary. */
export type WorkerNews =
  | { kind: 'serves'; address: AddressInfo }
  /** It ends, and not by a fault of its own. */
  | { kind: 'store-is-away' }

/** What the primary tells a worker: to finish and end. */
export const STOP = 'stop'

/** The variable in which the primary says on which port a worker listens. */
export const WORKER_PORT = 'LATCHKEY_WORKER_PORT'
