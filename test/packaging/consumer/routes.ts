import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createVerifier, requireRecentLogin, requireRoles, requireScope } from '@latchkey/verifier'
import * as forExpress from '@latchkey/verifier/express'
import * as forFastify from '@latchkey/verifier/fastify'
import * as forHono from '@latchkey/verifier/hono'
import * as forNode from '@latchkey/verifier/node'
import express from 'express'
import fastify from 'fastify'
import { Hono } from 'hono'

const verifier = createVerifier({ issuer: 'https://auth.example.com', audience: 'https://api.example.com' })

export const expressApp = express()
expressApp.get('/orders/:id', forExpress.protect(verifier), (request, response) => {
  const id: string | string[] = request.params.id
  response.json({ id, user: forExpress.claimsOf(request).sub })
})

export const fastifyApp = fastify()
fastifyApp.get(
  '/orders',
  { onRequest: forFastify.protect(verifier, requireRoles('admin')) },
  async (request) => ({
    user: forFastify.claimsOf(request).sub,
  }),
)

export const honoApp = new Hono().get('/orders', forHono.protect(verifier, requireScope('orders')), (c) => {
  const user: string = c.var.auth.sub
  // @ts-expect-error a claim of the token is what it is said to be, not anything
  const wrong: number = c.get('auth').sub
  return c.json({ user, wrong })
})

new Hono().get('/open', (c) => {
  // @ts-expect-error nothing protects the route
  return c.json({ user: c.var.auth.sub })
})

function hello(request: IncomingMessage, response: ServerResponse): void {
  response.end(`Hello ${forNode.claimsOf(request).sub}`)
}

export const server = createServer(forNode.protect(verifier, requireRecentLogin(300))(hello))
