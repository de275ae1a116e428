import { once } from 'node:events'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Auth, createNode, type Node } from '../auth.ts'
import type { AuthOptions } from '../config.ts'
import { ConfigError } from '../errors.ts'
import type { RequestContext } from '../http/context.ts'
import { createNodeServer } from '../http/node-server.ts'
import type { Siblings } from '../siblings.ts'
import type { Logger } from './logger.ts'
import { checkedAuthOptions, DEFAULT_HOST, DEFAULT_PORT } from './options.ts'
import type { Settings } from './settings.ts'

/** How long a stop waits for requests that are under way. */
const DRAIN_MS = 8_000
const SWEEP_MS = 50

export type Fetch = (request: Request, context: RequestContext) => Promise<Response>

/** The service behind a port. What arrives before `open` waits for it. */
export interface RunningServer {
  address: AddressInfo
  /** What the service was made with. */
  options: AuthOptions
  /** Answers requests; at debug level each leaves a line. */
  fetch: Fetch
  answerSibling: Node['answerSibling']
  notices: Auth['notices']
  /** Lets the requests in, to the service or to what stands before it. */
  open(fetch: Fetch): void
  /** Stops accepting, finishes what is in flight, closes the store. */
  stop(): Promise<void>
}

export interface ServerParts {
  logger: Logger
  /** The other workers of this port. @default none */
  siblings?: Siblings
}

/** Listens, then opens the service. Rejects with `ConfigError` or `StoreUnavailableError`, and listens no more then. */
export async function startServer(
  settings: Settings,
  { logger, siblings }: ServerParts,
): Promise<RunningServer> {
  const opened = Promise.withResolvers<Fetch>()
  let fetch: Fetch = async (request, context) => await (await opened.promise)(request, context)
  const server = createNodeServer((request, context) => fetch(request, context))
  // Browsers repeat by themselves what a connection that was used before has lost: a rehearsing app would see nothing of it.
  if (settings.rehearsal !== null) server.maxRequestsPerSocket = 1
  const address = await listen(server, settings)
  const options = checkedAuthOptions(settings, address.port)
  try {
    const { auth, answerSibling } = await createNode(withListeners(options, logger), siblings)
    return {
      address,
      options,
      fetch: logger.timed(auth.fetch),
      answerSibling,
      notices: auth.notices,
      open(served) {
        fetch = served
        opened.resolve(served)
      },
      stop: () => stop(server, auth),
    }
  } catch (error) {
    server.close()
    server.closeAllConnections()
    throw error
  }
}

function withListeners(options: AuthOptions, logger: Logger): AuthOptions {
  return {
    ...options,
    onEvent: (event) => {
      logger.event(event)
      options.onEvent?.(event)
    },
    onError: (error, request) => {
      logger.failed(error, request)
      options.onError?.(error, request)
    },
    onUpkeep: (round) => {
      logger.swept(round)
      options.onUpkeep?.(round)
    },
  }
}

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
