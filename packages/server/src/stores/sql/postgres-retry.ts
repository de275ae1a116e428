import { setTimeout as delay } from 'node:timers/promises'

const MAX_TRIES = 9
/** After this long nothing is begun again. */
const LONGEST_MS = 2_000
const FIRST_PAUSE_MS = 5

/** Does again what failed, as often as it makes sense: with pauses that grow, and that differ between those who met. */
export async function persistently<Result>(
  attempt: () => Promise<Result>,
  maySucceed: (error: unknown) => boolean,
): Promise<Result> {
  const deadline = performance.now() + LONGEST_MS
  for (let tries = 1; ; tries++) {
    try {
      return await attempt()
    } catch (error) {
      if (tries === MAX_TRIES || performance.now() >= deadline || !maySucceed(error)) throw error
      await delay(Math.random() * FIRST_PAUSE_MS * 2 ** tries)
    }
  }
}
