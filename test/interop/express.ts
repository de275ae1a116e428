import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import express, { type RequestHandler } from 'express'
import { onTestFinished } from 'vitest'
import type { Check } from './peer.ts'

/** An Express app that listens, with one route behind a middleware: asks it as a client would. */
export async function openExpress(
  protect: RequestHandler,
  userOf: (request: express.Request) => unknown,
): Promise<Check> {
  const app = express()
  app.get('/me', protect, (request, response) => void response.json({ user: userOf(request) }))
  const server = app.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.close()
    server.closeAllConnections()
  })
  const { port } = server.address() as AddressInfo
  return async (token) => {
    const response = await fetch(`http://127.0.0.1:${port}/me`, {
      headers: { authorization: `Bearer ${token}` },
    })
    if (response.status === 200) return { user: (await response.json()).user }
    if (response.status !== 401) throw new Error(`the app answered ${response.status}`)
    return { refused: response.headers.get('www-authenticate') ?? '' }
  }
}
