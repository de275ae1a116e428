import { pino } from 'pino'
import type { FailedRequest } from '../config.ts'
import type { SecurityEvent } from '../events.ts'
import type { RequestContext } from '../http/context.ts'
import { loggedPath } from '../http/logged-path.ts'
import type { InjectedFault } from '../rehearsal/rehearse.ts'
import type { RoundReport } from '../upkeep/service.ts'

type Fetch = (request: Request, context: RequestContext) => Promise<Response>

export interface Logger {
  info(message: string): void
  warn(message: string): void
  event(event: SecurityEvent): void
  swept(round: RoundReport): void
  failed(error: unknown, request: FailedRequest): void
  rehearsed(fault: InjectedFault): void
  /** The same fetch; at debug level every request leaves a line. */
  timed(fetch: Fetch): Fetch
}

const ALARMS = new Set<SecurityEvent['type']>(['refresh.reused', 'refresh.ahead_of_store'])

/**
 * One JSON line per entry on stderr: stdout is left to what was asked for. No entry holds a header, a body, a query, an
 * e-mail address, or a part of a path that somebody else made up.
 */
export function createLogger(level: string): Logger {
  const log = pino(
    { level, base: null, timestamp: () => `,"time":"${new Date().toISOString()}"` },
    pino.destination({ dest: 2, sync: true }),
  )
  return {
    info: (message) => log.info(message),
    warn: (message) => log.warn(message),
    event: (event) => (ALARMS.has(event.type) ? log.warn(event, event.type) : log.info(event, event.type)),
    swept: ({ looked, removed, seconds }) => log.debug({ looked, removed, seconds }, 'old sessions removed'),
    rehearsed: (fault) => log.info(fault, 'rehearsed'),
    failed: (error, request) => log.error({ ...request, cause: causeOf(error) }, 'request failed'),
    timed(fetch) {
      if (!log.isLevelEnabled('debug')) return fetch
      return async (request, context) => {
        const start = performance.now()
        const response = await fetch(request, context)
        log.debug(
          {
            requestId: response.headers.get('x-request-id'),
            method: request.method,
            path: loggedPath(request.url),
            status: response.status,
            milliseconds: Math.round((performance.now() - start) * 10) / 10,
          },
          'request',
        )
        return response
      }
    },
  }
}

function causeOf(error: unknown): object {
  if (!(error instanceof Error)) return { message: String(error) }
  return { name: error.name, message: error.message, stack: error.stack }
}
