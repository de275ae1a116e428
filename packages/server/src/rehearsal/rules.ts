import type { Draw } from './draw.ts'
import { type Delay, isForRefreshes, type Stop } from './faults.ts'
import type { Plan, When } from './plan.ts'

/** Which faults concern a request: those for refreshes too, those for everything under `/auth/`, or none. */
export type Concern = 'refresh' | 'auth' | 'none'

/** What happens to one request. */
export interface Fate {
  delays: readonly { fault: Delay; milliseconds: number }[]
  stop: Stop | null
}

/**
 * A preflight is spared: an app never sees it, and the request that follows meets its own fate. What is not under `/auth/`
 * is spared too: pages, keys, metrics and probes are what one watches with.
 */
export function concernOf(method: string, path: string): Concern {
  if (method === 'OPTIONS') return 'none'
  if (method === 'POST' && (path === '/auth/refresh' || path === '/oauth/token')) return 'refresh'
  return path.startsWith('/auth/') ? 'auth' : 'none'
}

/**
 * Decides on a request when it arrives. Every fault that concerns it is drawn for, also after one has hit: so no fault's
 * draws depend on which others are rehearsed.
 *
 * @param elapsedMs since the service started
 */
export function fateOf(
  concern: Concern,
  { stops, delays }: Pick<Plan, 'stops' | 'delays'>,
  elapsedMs: number,
  draw: Draw,
): Fate {
  const concerns = ({ fault }: { fault: Stop | Delay }): boolean =>
    concern === 'refresh' || (concern === 'auth' && !isForRefreshes(fault))
  const hits = stops.filter(concerns).filter(({ fault, when }) => isHit(when, elapsedMs, () => draw(fault)))
  return {
    delays: delays.filter(concerns).map(({ fault, leastMs, mostMs }) => ({
      fault,
      milliseconds: Math.round(leastMs + draw(fault) * (mostMs - leastMs)),
    })),
    stop: hits[0]?.fault ?? null,
  }
}

function isHit(when: When, elapsedMs: number, draw: () => number): boolean {
  return 'share' in when ? draw() < when.share : elapsedMs % when.everyMs < when.forMs
}
