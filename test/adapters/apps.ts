// The same API in Express, Fastify, Hono and plain node:http, protected by the verifier's entry for each.
// It owns no expectation: the tests beside it run against all four.

import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { serve } from '@hono/node-server'
import { requireRecentLogin, requireRoles, requireScope, type Verifier } from '@latchkey/verifier'
import * as forExpress from '@latchkey/verifier/express'
import * as forFastify from '@latchkey/verifier/fastify'
import * as forHono from '@latchkey/verifier/hono'
import * as forNode from '@latchkey/verifier/node'
import express, { type NextFunction, type Request, type Response } from 'express'
import fastify from 'fastify'
import { Hono } from 'hono'
import { onTestFinished } from 'vitest'

/** What an app is given, and what it notes down. */
export interface AppWorld {
  verifier: Pick<Verifier, 'verify'>
  now: () => number
  /** The user of each request that reached a handler. */
  ran: string[]
  /** What reached the framework's own error handling. */
  faults: unknown[]
}

/**
 * Starts the API on a free port and resolves to its origin. Behind `protect()`: `/orders` for any method; `/admin` and `/audit`
 * for roles, `/read` and `/write` for scopes, `/recent` for a sign-in within 300 seconds. `/open` forgot it.
 */
export type StartApp = (world: AppWorld) => Promise<string>

export const APPS: readonly (readonly [name: string, start: StartApp])[] = [
  ['Express', startExpress],
  ['Fastify', startFastify],
  ['Hono', startHono],
  ['node:http', startNode],
]

const requirementsOf = ({ now }: AppWorld) => ({
  '/orders': [],
  '/admin': [requireRoles('admin')],
  '/audit': [requireRoles('admin', 'auditor')],
  '/read': [requireScope('orders:read')],
  '/write': [requireScope('orders:read', 'orders:write')],
  '/recent': [requireRecentLogin(300, { now })],
  '/recent-admin': [requireRoles('admin'), requireRecentLogin(300, { now })],
})

async function startExpress(world: AppWorld): Promise<string> {
  const { claimsOf, protect } = forExpress
  const app = express()
  app.use(express.urlencoded({ extended: true }), express.json())
  const answer = (request: Request, response: Response) => {
    const { sub, sid } = claimsOf(request)
    world.ran.push(sub)
    response.json({ sub, sid })
  }
  for (const [path, requirements] of Object.entries(requirementsOf(world))) {
    app.all(path, protect(world.verifier, ...requirements), answer)
  }
  app.get('/open', answer)
  app.use((error: unknown, _request: Request, response: Response, _next: NextFunction) => {
    world.faults.push(error)
    response.status(500).end()
  })
  return await listen(createServer(app))
}

async function startFastify(world: AppWorld): Promise<string> {
  const { claimsOf, protect } = forFastify
  const app = fastify({ forceCloseConnections: true })
  app.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string' }, (_, body, done) =>
    done(null, Object.fromEntries(new URLSearchParams(body.toString()))),
  )
  const answer = async (request: object) => {
    const { sub, sid } = claimsOf(request)
    world.ran.push(sub)
    return { sub, sid }
  }
  for (const [url, requirements] of Object.entries(requirementsOf(world))) {
    const guard = protect(world.verifier, ...requirements)
    app.route({ method: ['GET', 'HEAD', 'OPTIONS', 'POST'], url, preHandler: guard, handler: answer })
  }
  app.get('/open', answer)
  app.setErrorHandler((error, _request, reply) => {
    world.faults.push(error)
    return reply.code(500).send()
  })
  onTestFinished(() => app.close())
  return await app.listen({ port: 0, host: '127.0.0.1' })
}

async function startHono(world: AppWorld): Promise<string> {
  const { protect } = forHono
  const app = new Hono()
  for (const [path, requirements] of Object.entries(requirementsOf(world))) {
    app.all(path, protect(world.verifier, ...requirements), (c) => {
      const { sub, sid } = c.var.auth
      world.ran.push(sub)
      return c.json({ sub, sid })
    })
  }
  app.onError((error, c) => {
    world.faults.push(error)
    return c.body(null, 500)
  })
  const server = serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }) as Server
  return await listening(server)
}

async function startNode(world: AppWorld): Promise<string> {
  const { claimsOf, protect } = forNode
  const answer = (request: IncomingMessage, response: ServerResponse) => {
    const { sub, sid } = claimsOf(request)
    world.ran.push(sub)
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify({ sub, sid }))
  }
  const routes = new Map<string, (request: IncomingMessage, response: ServerResponse) => unknown>([
    ...Object.entries(requirementsOf(world)).map(
      ([path, requirements]) => [path, protect(world.verifier, ...requirements)(answer)] as const,
    ),
    ['/open', answer],
  ])
  return await listen(
    createServer(async (request, response) => {
      const [path = ''] = (request.url ?? '').split('?')
      try {
        await routes.get(path)?.(request, response)
      } catch (error) {
        world.faults.push(error)
        response.writeHead(500).end()
      }
    }),
  )
}

async function listen(server: Server): Promise<string> {
  server.listen(0, '127.0.0.1')
  return await listening(server)
}

async function listening(server: Server): Promise<string> {
  if (!server.listening) await once(server, 'listening')
  onTestFinished(() => {
    server.close()
    server.closeAllConnections()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}
