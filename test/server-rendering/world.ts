// Hosts that render pages, browsers with cookie jars, and the real service behind them, over HTTP.
// It asserts nothing, and owns no rule of what is kept in a jar.

import {
  createServerAuth,
  type ServerAuth,
  type ServerAuthOptions,
  type ServerVisit,
} from '@latchkey/client/server'
import { listen, startAuth, type TestAuth } from '../support/auth.ts'
import { PUBLIC_URL } from './browser.ts'

/** One process of the rendering host, as a browser reaches it. */
export interface Node {
  url: string
  auth: ServerAuth
  fetch(request: Request): Promise<Response>
}

export interface World {
  auth: TestAuth
  serviceUrl: string
  /** How each refresh that reached the service was answered. */
  refreshes: number[]
  /** Security events that mean that somebody was signed out, or was taken for a thief. */
  alarms(): string[]
  /** One more node, with its own idea of a document. */
  startNode(options?: Partial<ServerAuthOptions>, document?: Document): Promise<Node>
}

type Document = (visit: ServerVisit, request: Request) => Promise<Response>

export async function startWorld(overrides: Parameters<typeof startAuth>[0] = {}): Promise<World> {
  const auth = await startAuth({ url: PUBLIC_URL, trustProxy: ['127.0.0.1'], ...overrides })
  const refreshes: number[] = []
  const serviceUrl = await listen({
    async fetch(request, context) {
      const response = await auth.auth.fetch(request, context)
      if (new URL(request.url).pathname === '/auth/refresh') refreshes.push(response.status)
      return response
    },
  })
  return {
    auth,
    serviceUrl,
    refreshes,
    alarms: () =>
      auth.events
        .map(({ type }) => type)
        .filter((type) => ['session.ended', 'refresh.reused', 'refresh.joined'].includes(type)),
    async startNode(options = {}, document = threeLoaders(serviceUrl)) {
      const server = createServerAuth({ serviceUrl, ...options })
      const url = await listen({
        fetch(request) {
          const { pathname } = new URL(request.url)
          if (pathname.startsWith('/auth/')) return server.handle(request, { clientAddress: '127.0.0.1' })
          return document(server.open(request), request)
        },
      })
      return { url, auth: server, fetch: (request) => fetch(request) }
    },
  }
}

/** Says who is signed in, as its loaders see it. */
function threeLoaders(serviceUrl: string): Document {
  return async (visit) => {
    const header = async () => {
      const response = await visit.fetch(`${serviceUrl}/auth/me`)
      return response.ok ? (await response.json()).user.email : 'nobody'
    }
    const hasToken = async () => String((await visit.getAccessToken()) !== null)
    try {
      const parts = await Promise.all([header(), hasToken(), hasToken()])
      return new Response(parts.join(' '), { headers: visit.headers() })
    } catch (error) {
      return new Response((error as { code: string }).code, { status: 503, headers: visit.headers() })
    }
  }
}
