import { errnoOf } from './errors.ts'
import type { Hold } from './hold.ts'
import { hasNoListener, listenOn, pause } from './local-socket.ts'

/**
 * Takes a lock that is a name alone, for Windows: a named pipe goes with its process, so none is left to clear away.
 * It cannot be taken from anybody. Resolves to `null` when it is not free within `waitMs`.
 */
export async function takePipeLock(pipe: string, waitMs: number): Promise<Hold | null> {
  const endsAt = performance.now() + waitMs
  for (;;) {
    try {
      const socket = await listenOn(pipe)
      return { isLost: async () => false, release: () => socket.close() }
    } catch (error) {
      if (!['EADDRINUSE', 'EACCES'].includes(errnoOf(error) ?? '')) throw error
    }
    const isFree = await hasNoListener(pipe, endsAt - performance.now())
    if (!isFree && performance.now() >= endsAt) return null
    await pause()
  }
}
