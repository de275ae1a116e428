import { randomInt } from 'node:crypto'
import type { AuthOptions } from '../config.ts'
import { createDraw } from '../rehearsal/draw.ts'
import type { Plan } from '../rehearsal/plan.ts'
import { rehearse } from '../rehearsal/rehearse.ts'
import { announcement } from '../rehearsal/texts.ts'
import { announce, warn } from './announcement.ts'
import { createLogger, type Logger } from './logger.ts'
import { type Fetch, startServer } from './server.ts'
import type { Settings } from './settings.ts'
import { stopSignal } from './stop-signal.ts'

/** Short enough to be typed again. */
const MAX_DRAWN_SEED = 1_000_000

/** Runs the service in this one process until a signal stops it. */
export async function serveAlone(settings: Settings): Promise<void> {
  const stopAsked = stopSignal()
  const logger = createLogger(settings.options.logLevel ?? 'info')
  const { rehearsal } = settings
  const server = await Promise.race([startServer(settings, { logger }), stopAsked])
  // Nobody is served yet, and a start may wait for its database for half a minute.
  if (server === undefined) process.exit()
  announce(server.options.url, server.address, settings.options.url === undefined)
  server.open(
    rehearsal === null ? server.fetch : startRehearsal(server.fetch, rehearsal, server.options, logger),
  )
  warn(server.options, logger)
  for (const notice of server.notices) logger.warn(notice)
  await stopAsked
  logger.info('stopping')
  await server.stop()
}

function startRehearsal(fetch: Fetch, plan: Plan, options: AuthOptions, logger: Logger): Fetch {
  const { url, trustedOrigins = [], nativeOrigins = [], now = Date.now } = options
  const seed = plan.seed ?? randomInt(MAX_DRAWN_SEED)
  const start = performance.now()
  process.stdout.write(`${announcement(plan, seed).join('\n')}\n`)
  return rehearse(fetch, {
    plan,
    draw: createDraw(seed),
    now,
    elapsedMs: () => performance.now() - start,
    origins: { url, trustedOrigins, nativeOrigins },
    onInjected: logger.rehearsed,
  })
}
