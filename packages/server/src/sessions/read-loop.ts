import { subscribe } from 'node:diagnostics_channel'

let accepted = 0
subscribe('net.server.socket', () => {
  accepted++
})

/** However many connections come in, nobody waits for more turns than this. */
const MOST_TURNS = 256

/**
 * Calls back when the event loop has read every request that has reached the machine by now. One turn reads all open
 * connections, but accepts only one new one, which is read a turn later: as long as they come, it goes on.
 */
export function onceAllIsRead(callback: () => void): void {
  // A store that answers over a socket does so in the middle of a turn, when part of its requests may be read already.
  setImmediate(() => onceNothingNewCame(callback, MOST_TURNS))
}

function onceNothingNewCame(callback: () => void, turns: number): void {
  const before = accepted
  setImmediate(() => {
    if (accepted === before || turns === 1) callback()
    else onceNothingNewCame(callback, turns - 1)
  })
}
