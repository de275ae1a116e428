import { randomUUID } from 'node:crypto'
import { Hono } from 'hono'
import { AuthError } from '../errors.ts'
import { type HeaderRecord, json, noContent } from './answers.ts'
import { clientAddressReader } from './client-address.ts'
import type { RequestContext, Services } from './context.ts'
import { developmentEndpoints } from './development-endpoints.ts'
import type { Endpoint } from './endpoint.ts'
import { DOCUMENTED_ENDPOINTS } from './endpoints.ts'
import { loggedPath } from './logged-path.ts'
import { refusal } from './oauth-errors.ts'
import { openApiDocument } from './openapi.ts'
import { corsHeaders, preflightHeaders } from './origin.ts'
import { loadPages } from './pages.ts'

interface RouteTypes {
  Bindings: RequestContext
}

/** The whole service as one function from request to response. It never rejects. */
export function createApp(
  services: Services,
): (request: Request, context?: RequestContext) => Promise<Response> {
  const { settings } = services
  const endpoints = settings.developmentHelpers
    ? [...DOCUMENTED_ENDPOINTS, ...developmentEndpoints]
    : DOCUMENTED_ENDPOINTS
  const openApi = openApiDocument(DOCUMENTED_ENDPOINTS, settings.url)
  const pages = loadPages()
  const clientAddress = clientAddressReader(settings.trustProxy)

  const app = new Hono<RouteTypes>({ getPath })

  for (const endpoint of endpoints) {
    app.on(endpoint.method, endpoint.path, async (c) => {
      const request = c.req.raw
      const answer = answerHeaders(request)
      const arrival = services.arrivals.enter()
      try {
        const response = await endpoint.run({
          request,
          services,
          params: c.req.param(),
          query: queryOf(request.url),
          ip: clientAddress(c.env?.remoteAddress, request.headers.get('x-forwarded-for')),
          bodyIsMeasured: c.env?.bodyIsMeasured === true,
          connection: c.env?.connection,
          arrival,
          answer,
        })
        // Hono drops the body, and who writes a stream would never hear that nobody reads it.
        if (request.method === 'HEAD') void response.body?.cancel()
        return response
      } catch (error) {
        return refusal(c.req.path, report(error, request, answer), answer)
      } finally {
        services.arrivals.leave(arrival)
      }
    })
  }

  app.get('/openapi.json', (c) => json(200, openApi, answerHeaders(c.req.raw)))

  for (const [path, { body, headers }] of pages) {
    app.get(path, (c) => new Response(body, { headers: { ...headers, ...answerHeaders(c.req.raw) } }))
  }

  app.notFound((c) => {
    const request = c.req.raw
    const answer = answerHeaders(request)
    const methods = methodsOf(c.req.path, endpoints, pages)
    if (methods.length === 0)
      return refusal(c.req.path, new AuthError('NOT_FOUND', 'there is nothing at this path'), answer)
    const allow = methods.join(', ')
    if (request.method === 'OPTIONS') {
      return noContent({ ...answer, ...preflightHeaders(request.headers, allow, settings), allow })
    }
    const notAllowed = new AuthError('METHOD_NOT_ALLOWED', `this path answers ${allow}`)
    return refusal(c.req.path, notAllowed, { ...answer, allow })
  })

  app.onError((error, c) => {
    const answer = answerHeaders(c.req.raw)
    return refusal(c.req.path, report(error, c.req.raw, answer), answer)
  })

  function answerHeaders(request: Request): HeaderRecord {
    return { 'x-request-id': randomUUID(), ...corsHeaders(request.headers, settings) }
  }

  /** What the caller may know of an error; the rest is for the operator. */
  function report(error: unknown, { method, url }: Request, answer: HeaderRecord): AuthError {
    const known =
      error instanceof AuthError ? error : new AuthError('INTERNAL', 'something went wrong', { cause: error })
    if (known.code === 'INTERNAL' || known.code === 'STORE_UNAVAILABLE') {
      const requestId = answer['x-request-id'] as string
      settings.onError(known.cause ?? known, {
        requestId,
        method,
        path: loggedPath(url),
        code: known.code,
      })
    }
    return known
  }

  return async (request, context = {}) => await app.fetch(request, context)
}

/** As it was sent: what a gateway in front refuses by its path has no second spelling that it would let through. */
function getPath({ url }: Request): string {
  const start = url.indexOf('/', url.indexOf('://') + 3)
  const end = url.slice(start).search(/[?#]/)
  return end === -1 ? url.slice(start) : url.slice(start, start + end)
}

const NO_QUERY = new URLSearchParams()

function queryOf(url: string): URLSearchParams {
  const at = url.indexOf('?')
  return at === -1 ? NO_QUERY : new URLSearchParams(url.slice(at + 1))
}

function methodsOf(
  path: string,
  endpoints: readonly Endpoint[],
  pages: ReadonlyMap<string, unknown>,
): string[] {
  const methods = endpoints.filter((endpoint) => matches(endpoint.path, path)).map(({ method }) => method)
  if (pages.has(path) || path === '/openapi.json') methods.push('GET')
  return methods.length === 0 ? [] : [...new Set(methods), 'OPTIONS']
}

function matches(pattern: string, path: string): boolean {
  const wanted = pattern.split('/')
  const given = path.split('/')
  return (
    wanted.length === given.length &&
    wanted.every((part, i) => (part.startsWith(':') ? given[i] !== '' : part === given[i]))
  )
}
