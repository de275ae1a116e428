import type { ServerResponse } from 'node:http'
import { expect } from 'vitest'
import type { VerifierOptions } from '../options.ts'
import type { RevocationOptions } from '../revocations/options.ts'
import { answerJson, startServer, type TestServer } from './http-server.ts'
import { mint, NOW, type SigningKey } from './issuer.ts'
import { createWorld, type World } from './setup.ts'

type Names = { sid: string } | { jti: string } | { kid: string }

/** As the service sends one: revoked just now, to be forgotten after the lifetime of a token. */
export function revocation(names: Names, revokedAt = NOW) {
  const instant = (seconds: number) => new Date(seconds * 1000).toISOString()
  return { ...names, revokedAt: instant(revokedAt), expiresAt: instant(revokedAt + 960) }
}

export function event(type: string, data: unknown, id?: string): string {
  return `event: ${type}\n${id === undefined ? '' : `id: ${id}\n`}data: ${JSON.stringify(data)}\n\n`
}

export function snapshot(id: string, ...revoked: Names[]): string {
  return event('snapshot', { revoked: revoked.map((names) => revocation(names)) }, id)
}

export function revoked(id: string, names: Names, revokedAt = NOW): string {
  return event('revoked', revocation(names, revokedAt), id)
}

export const RETRY = 'retry: 100\n\n'
export const CURRENT = event('current', { at: '2026-01-01T00:00:00Z', heartbeatSeconds: 5 })
const NOTHING_REVOKED = RETRY + snapshot('0-0') + CURRENT

export interface FeedWorld extends World, AsyncDisposable {
  server: TestServer
  /** What each connection to the feed came with. */
  connections: { authorization: string | undefined; lastEventId: string | undefined }[]
  /** What each new connection is sent at once; `undefined` for one that is left waiting. */
  opening: string | undefined
  /** Sends to whoever is connected. */
  send(text: string | Uint8Array): void
  /** How many connections are open. */
  connected(): number
  /** Ends every connection. */
  cut(): void
  /** Each token that was introspected, in order. */
  introspected: string[]
  /** How introspection is answered. */
  introspection: TestServer['answer']
  /** A valid token of the issuer, at what the clock shows. */
  mint(claims?: Record<string, unknown>, key?: SigningKey): string
}

/** A verifier that hears a real feed, which says only what the test says. */
export async function createFeedWorld(
  revocations: Partial<RevocationOptions> = {},
  options: Partial<VerifierOptions> = {},
): Promise<FeedWorld> {
  const open = new Set<ServerResponse>()
  const server = await startServer((request, response) => {
    if (request.url === '/oauth/introspect') {
      let body = ''
      request.on('data', (chunk) => {
        body += chunk
      })
      request.on('end', () => {
        world.introspected.push(new URLSearchParams(body).get('token') ?? '')
        world.introspection(request, response)
      })
      return
    }
    const { authorization, 'last-event-id': lastEventId } = request.headers
    world.connections.push({ authorization, lastEventId: lastEventId?.toString() })
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.flushHeaders()
    if (world.opening !== undefined) response.write(world.opening)
    open.add(response)
    response.once('close', () => open.delete(response))
  })
  const base = createWorld({
    issuer: server.origin,
    revocations: { clientId: 'svc_1', clientSecret: 'lks_secret', ...revocations },
    ...options,
  })
  const world: FeedWorld = {
    ...base,
    server,
    connections: [],
    opening: NOTHING_REVOKED,
    send: (text) => {
      for (const response of open) response.write(text)
    },
    connected: () => open.size,
    cut: () => {
      for (const response of open) response.destroy()
    },
    introspected: [],
    introspection: answerJson({ active: true }),
    mint: (claims = {}, key = base.key) =>
      mint(key, {
        claims: { iss: server.origin, iat: base.clock.now, exp: base.clock.now + 900, ...claims },
      }),
    async [Symbol.asyncDispose]() {
      base.verifier.close()
      await server[Symbol.asyncDispose]()
    },
  }
  return world
}

/** Waits until what was sent has been taken in. */
export async function untilEntries({ verifier }: World, entries: number): Promise<void> {
  await expect.poll(() => verifier.stats().feed.entries, { timeout: 5000, interval: 5 }).toBe(entries)
}

export async function untilState({ verifier }: World, state: string): Promise<void> {
  await expect.poll(() => verifier.stats().feed.state, { timeout: 5000, interval: 5 }).toBe(state)
}
