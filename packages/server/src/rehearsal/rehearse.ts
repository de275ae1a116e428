import { randomUUID } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import type { AuthSettings } from '../config.ts'
import { AuthError, StoreUnavailableError } from '../errors.ts'
import type { RequestContext } from '../http/context.ts'
import { loggedPath } from '../http/logged-path.ts'
import { refusal } from '../http/oauth-errors.ts'
import { corsHeaders } from '../http/origin.ts'
import type { Clock } from '../time.ts'
import type { Draw } from './draw.ts'
import type { Fault, Stop } from './faults.ts'
import type { Plan } from './plan.ts'
import { concernOf, type Fate, fateOf } from './rules.ts'

type Fetch = (request: Request, context: RequestContext) => Promise<Response>

/** A fault that has just been injected. Holds nothing that the caller wrote. */
export interface InjectedFault {
  fault: Fault
  method: string
  path: string
  /** Of a delay. */
  milliseconds?: number
}

export interface Rehearsal {
  plan: Plan
  draw: Draw
  /** The service's clock, which the plan may have put forward or back. */
  now: Clock
  /** Milliseconds since the service started, on a clock that never jumps. */
  elapsedMs: () => number
  /** Whose pages may read the answers: an injected refusal carries the headers that a true one would. */
  origins: Pick<AuthSettings, 'url' | 'trustedOrigins' | 'nativeOrigins'>
  onInjected: (fault: InjectedFault) => void
}

const RETRY_AFTER_SECONDS = 2

/**
 * The same `fetch` with faults around it. What reaches the service is served as ever, and what was done stays done: only
 * the way there and back is broken.
 */
export function rehearse(fetch: Fetch, rehearsal: Rehearsal): Fetch {
  const { plan, draw, now, elapsedMs, origins } = rehearsal
  const counts = new Map<Fault, number>(
    [...plan.stops, ...plan.delays].map(({ fault }): [Fault, number] => [fault, 0]),
  )

  return async (request, context) => {
    const { method } = request
    const path = new URL(request.url).pathname
    const concern = concernOf(method, path)
    const response =
      concern === 'none'
        ? await fetch(request, context)
        : await suffer(request, context, fateOf(concern, plan, elapsedMs(), draw))
    if (plan.clockOffsetMs !== 0) response.headers.set('date', new Date(now()).toUTCString())
    return path === '/metrics' ? await withCounts(response) : response
  }

  async function suffer(
    request: Request,
    context: RequestContext,
    { delays, stop }: Fate,
  ): Promise<Response> {
    const onTheWay = delays.filter(({ fault }) => fault === 'delay-refresh-request')
    await hold(request, onTheWay)
    const response = await answer(request, context, stop)
    if (stop !== null) inject(request, stop)
    if (response === null) {
      context.connection?.destroy()
      // Nobody is left to read it.
      return new Response(null, { status: 499 })
    }
    await hold(
      request,
      delays.filter((delay) => !onTheWay.includes(delay)),
    )
    return response
  }

  /** Null: the client gets none. */
  async function answer(
    request: Request,
    context: RequestContext,
    stop: Stop | null,
  ): Promise<Response | null> {
    switch (stop) {
      case 'drop-request':
      case 'drop-refresh-request':
        return null
      case 'portal':
        return portal()
      case 'rate-limit':
        return refused(request, rateLimited())
      case 'unavailable':
        return refused(request, new StoreUnavailableError(new Error('rehearsed')))
      case 'drop-answer':
      case 'drop-refresh-answer':
        await fetch(request, context)
        return null
      case null:
        return await fetch(request, context)
    }
  }

  async function hold(request: Request, delays: Fate['delays']): Promise<void> {
    for (const { fault, milliseconds } of delays) {
      inject(request, fault, milliseconds)
      // A client that has gone shall not keep the process from ending.
      await wait(milliseconds, undefined, { ref: false })
    }
  }

  function refused({ url, headers }: Request, error: AuthError): Response {
    return refusal(new URL(url).pathname, error, {
      'x-request-id': randomUUID(),
      ...corsHeaders(headers, origins),
    })
  }

  function inject({ method, url }: Request, fault: Fault, milliseconds?: number): void {
    counts.set(fault, (counts.get(fault) ?? 0) + 1)
    const injected = { fault, method, path: loggedPath(url) }
    rehearsal.onInjected(milliseconds === undefined ? injected : { ...injected, milliseconds })
  }

  async function withCounts(response: Response): Promise<Response> {
    const name = 'latchkey_rehearsed_faults_total'
    const lines = [
      `# HELP ${name} Faults that were injected on purpose, by fault`,
      `# TYPE ${name} counter`,
      ...[...counts].map(([fault, count]) => `${name}{fault="${fault}"} ${count}`),
    ]
    const { status, headers } = response
    return new Response(`${await response.text()}${lines.join('\n')}\n`, { status, headers })
  }
}

function rateLimited(): AuthError {
  return new AuthError('RATE_LIMITED', 'too many requests', { retryAfterSeconds: RETRY_AFTER_SECONDS })
}

/** It is not the service that answers, so nothing in it is the service's: no problem document, and no CORS headers. */
function portal(): Response {
  return new Response('<!doctype html><title>Free Wi-Fi</title><p>Accept the terms to go online.', {
    headers: { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' },
  })
}
