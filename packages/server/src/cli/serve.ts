import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Auth, createAuth } from '../auth.ts'
import { type AuthOptions, isLoopback } from '../config.ts'
import { ConfigError } from '../errors.ts'
import type { RequestContext } from '../http/context.ts'
import { createNodeServer } from '../http/node-server.ts'
import { createDraw } from '../rehearsal/draw.ts'
import type { Plan } from '../rehearsal/plan.ts'
import { rehearse } from '../rehearsal/rehearse.ts'
import { announcement } from '../rehearsal/texts.ts'
import { createLogger, type Logger } from './logger.ts'
import { checkedAuthOptions, DEFAULT_HOST, DEFAULT_PORT } from './options.ts'
import type { Settings } from './settings.ts'

/** How long a stop waits for requests that are under way. */
const DRAIN_MS = 8_000
const SWEEP_MS = 50
/** Short enough to be typed again. */
const MAX_DRAWN_SEED = 1_000_000

/** Runs the service until a signal stops it. Rejects with `ConfigError` or `StoreUnavailableError`. */
export async function serve(settings: Settings): Promise<void> {
  const stopAsked = stopSignal()
  // Who reads the output may go away; the service stays.
  process.stdout.on('error', () => {})
  checkedAuthOptions(settings, settings.options.port ?? DEFAULT_PORT)
  const logger = createLogger(settings.options.logLevel ?? 'info')
  const ready = Promise.withResolvers<Fetch>()
  let fetch: Fetch = async (request, context) => await (await ready.promise)(request, context)
  const server = createNodeServer((request, context) => fetch(request, context))
  const { rehearsal } = settings
  // Browsers repeat by themselves what a connection that was used before has lost: the app would see nothing of it.
  if (rehearsal !== null) server.maxRequestsPerSocket = 1
  const address = await listen(server, settings)
  const options = checkedAuthOptions(settings, address.port)
  let auth: Auth
  try {
    auth = await createAuth({
      ...options,
      onEvent: (event) => {
        logger.event(event)
        settings.options.onEvent?.(event)
      },
      onError: (error, request) => {
        logger.failed(error, request)
        settings.options.onError?.(error, request)
      },
    })
  } catch (error) {
    server.close()
    server.closeAllConnections()
    throw error
  }
  const served = logger.timed(auth.fetch)
  announce(options.url, address, settings.options.url === undefined)
  fetch = rehearsal === null ? served : startRehearsal(served, rehearsal, options, logger)
  ready.resolve(fetch)
  warn(options, logger)
  await stopAsked
  logger.info('stopping')
  await stop(server, auth)
}

type Fetch = (request: Request, context: RequestContext) => Promise<Response>

async function listen(server: Server, { options, sourceOf }: Settings): Promise<AddressInfo> {
  server.listen(options.port ?? DEFAULT_PORT, options.host ?? DEFAULT_HOST)
  try {
    await once(server, 'listening')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EADDRINUSE') {
      const problem = 'is taken by another program. Choose another port, or 0 for any that is free'
      throw new ConfigError([{ setting: `${sourceOf('port')} ${options.port ?? DEFAULT_PORT}`, problem }])
    }
    throw new ConfigError([{ setting: sourceOf('host'), problem: `cannot be listened on (${code})` }])
  }
  return server.address() as AddressInfo
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

function announce(url: string, { address, family, port }: AddressInfo, urlIsDefault: boolean): void {
  const reachable = family === 'IPv6' ? `[${address}]` : address
  const local = ['127.0.0.1', '::1', '0.0.0.0', '::'].includes(address)
  const listening = urlIsDefault && local ? url : `http://${local ? '127.0.0.1' : reachable}:${port}`
  process.stdout.write(`Latchkey listens on ${listening}\n`)
  if (listening !== url) process.stdout.write(`Its public origin is ${url}\n`)
  else
    process.stdout.write(
      'Open it in a browser to sign up and watch a session live; /docs describes the API.\n',
    )
}

function warn({ url, trustedOrigins = [], cookie }: AuthOptions, logger: Logger): void {
  if (url.startsWith('http:') && !isLoopback(url)) {
    logger.warn(
      'the public origin is http: passwords and tokens travel in the clear, and production refuses it',
    )
  }
  if (trustedOrigins.length > 0 && cookie?.sameSite !== 'none') {
    logger.warn(
      'trusted origins on another site need LATCHKEY_COOKIE_SAME_SITE=none: browsers keep the cookie back',
    )
  }
}

/** Resolves at the first signal to stop; another one does not cut short what is being finished. */
function stopSignal(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => resolve())
  })
}

/** Stops accepting, finishes what is in flight, closes the store. */
async function stop(server: Server, auth: Auth): Promise<void> {
  const closed = once(server, 'close')
  server.close()
  // They never end by themselves.
  auth.endFeeds()
  // A connection that had a request under way becomes idle when that is answered.
  const sweep = setInterval(() => server.closeIdleConnections(), SWEEP_MS)
  const giveUp = setTimeout(() => server.closeAllConnections(), DRAIN_MS)
  await closed
  clearInterval(sweep)
  clearTimeout(giveUp)
  await auth.close()
}
