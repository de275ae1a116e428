// Rehearsal: faults that are injected on purpose, so that users can watch their app survive them. It owns the faults'
// grammar, which request meets which, and injecting them around `fetch`. Nothing inside the service knows of it.

/** What ends the way of a request, in the order in which a request meets them: of several, the first one happens. */
export const STOPS = [
  'drop-request',
  'drop-refresh-request',
  'portal',
  'rate-limit',
  'unavailable',
  'drop-answer',
  'drop-refresh-answer',
] as const

/** What makes a request or its answer late. Of several, all happen. */
export const DELAYS = ['delay', 'delay-refresh-request', 'delay-refresh-answer'] as const

export type Stop = (typeof STOPS)[number]
export type Delay = (typeof DELAYS)[number]
export type Fault = Stop | Delay

/** Everything that a list of faults may name. */
export const NAMES = [...STOPS, ...DELAYS, 'clock', 'seed'] as const

export type Name = (typeof NAMES)[number]

export const MEANING: Record<Name, string> = {
  'drop-request': 'the connection is cut before the service hears of the request',
  'drop-refresh-request': 'the connection is cut before the service hears of the refresh',
  portal: "a captive portal's page comes instead: 200, text/html",
  'rate-limit': '429 RATE_LIMITED, with Retry-After',
  unavailable: '503 STORE_UNAVAILABLE, with Retry-After',
  'drop-answer': 'the service does its work, then the connection is cut',
  'drop-refresh-answer': 'the service refreshes, then the connection is cut',
  delay: 'answers come late, and out of order; the work is done at once',
  'delay-refresh-request': 'refreshes arrive late, also when the client has given up',
  'delay-refresh-answer': 'answers to refreshes come late, and out of order',
  clock: "the service's clock is ahead (+) or behind (-)",
  seed: 'the same seed draws the same faults again',
}

/** What each name takes, in the words of the help and of the complaints. */
export function takes(name: Name): 'WHEN' | 'TIME' | 'OFFSET' | 'NUMBER' {
  if (name === 'clock') return 'OFFSET'
  if (name === 'seed') return 'NUMBER'
  return isStop(name) ? 'WHEN' : 'TIME'
}

export function isName(name: string): name is Name {
  return (NAMES as readonly string[]).includes(name)
}

export function isStop(name: Name): name is Stop {
  return (STOPS as readonly string[]).includes(name)
}

/** Whether a fault concerns refreshes alone; the others concern everything under `/auth/`. */
export function isForRefreshes(fault: Fault): boolean {
  return fault.includes('-refresh-')
}
