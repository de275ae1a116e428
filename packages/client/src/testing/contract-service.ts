// What the client's tests talk to: a real HTTP server that answers as the contract says, and fails as networks do.
// It owns no part of the client, and is not published.

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { onTestFinished } from 'vitest'

/** What happens to one request instead of the usual answer. */
export type Fault =
  /** Nothing is done; this is answered. */
  | { status: number; body?: unknown; headers?: { [name: string]: string }; heldBy?: Promise<unknown> }
  /** The service does its work, and the answer is lost on the way. */
  | 'answer lost'
  /** The service does its work, and answers once this resolves. */
  | { heldBy: Promise<unknown> }

export interface Seen {
  path: string
  key: string | undefined
  bearer: string | undefined
  cookie: string | undefined
  body: string
}

export interface ContractService {
  url: string
  seen: Seen[]
  refreshes(): Seen[]
  /** Faults for the next requests to a path, in order. */
  fail(path: string, ...faults: Fault[]): void
  /** From now on `/api/*` calls this token expired. */
  expire(accessToken: string): void
  generation(sessionId?: string): number
  /** Ends a session as an operator would. */
  revoke(sessionId?: string): void
}

interface Session {
  email: string
  generation: number
  /** The key that moved each generation on. */
  keys: (string | undefined)[]
  revoked: boolean
}

export async function startContractService(expiresIn = 900): Promise<ContractService> {
  const sessions: Session[] = []
  const faults = new Map<string, Fault[]>()
  const expired = new Set<string>()
  const seen: Seen[] = []
  let issued = 0

  const server = createServer(async (request, response) => {
    const body = await text(request)
    const path = request.url ?? ''
    seen.push({
      path,
      body,
      key: header(request, 'idempotency-key'),
      bearer: header(request, 'authorization')?.replace('Bearer ', ''),
      cookie: header(request, 'cookie'),
    })
    const fault = faults.get(path)?.shift()
    if (fault !== undefined && typeof fault === 'object' && 'status' in fault) {
      await fault.heldBy
      return send(response, fault.status, fault.body, fault.headers)
    }
    const [status, answer, headers] = answerTo(path, body, request)
    if (fault === 'answer lost') return response.destroy()
    if (fault !== undefined) await fault.heldBy
    send(response, status, answer, headers)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })

  type Reply = [status: number, body?: unknown, headers?: { [name: string]: string }]

  function answerTo(path: string, text: string, request: IncomingMessage): Reply {
    if (path === '/auth/login' || path === '/auth/register') return open(JSON.parse(text))
    if (path === '/auth/refresh') return refresh(presented(text, request), header(request, 'idempotency-key'))
    if (path === '/auth/logout') return logout(presented(text, request))
    const bearer = header(request, 'authorization')?.replace('Bearer ', '')
    if (bearer === undefined) return problem(401, 'TOKEN_MISSING')
    if (expired.has(bearer)) return problem(401, 'TOKEN_EXPIRED')
    if (sessions[Number(bearer.split('.')[1])]?.revoked) return problem(401, 'TOKEN_REVOKED')
    return [200, { echo: text }]
  }

  function open({ email, password, client }: { email: string; password: string; client: string }): Reply {
    if (password === 'wrong') return problem(401, 'INVALID_CREDENTIALS')
    sessions.push({ email, generation: 0, keys: [], revoked: false })
    return tokens(sessions.length - 1, client === 'native')
  }

  function refresh({ token, native }: Presented, key: string | undefined): Reply {
    if (token === undefined) return problem(401, 'REFRESH_MISSING')
    const [, id, generation] = token.split('.').map(Number) as [number, number, number]
    const session = sessions[id]
    if (session === undefined) return problem(401, 'REFRESH_INVALID')
    if (session.revoked) return problem(401, 'SESSION_REVOKED', { reason: 'revoked_by_operator' })
    if (generation < session.generation) {
      const isKnown = key !== undefined && session.keys[generation] === key
      if (!isKnown) {
        session.revoked = true
        return problem(401, 'REFRESH_REUSED')
      }
      if (generation < session.generation - 1) return problem(401, 'REFRESH_SUPERSEDED')
    } else {
      session.keys[generation] = key
      session.generation++
    }
    return tokens(id, native)
  }

  function logout({ token }: Presented): Reply {
    const session = sessions[Number(token?.split('.')[1])]
    if (session !== undefined) session.revoked = true
    return [204, undefined, { 'set-cookie': 'latchkey=; Max-Age=0' }]
  }

  function tokens(id: number, native: boolean): Reply {
    const { email, generation } = sessions[id] as Session
    const refreshToken = `rt.${id}.${generation}`
    const body = {
      accessToken: `at.${id}.${++issued}`,
      tokenType: 'Bearer',
      expiresIn,
      sessionId: String(id),
      user: { id: email, email, emailVerified: false, roles: [], createdAt: '2026-01-01T00:00:00Z' },
    }
    return native
      ? [200, { ...body, refreshToken, refreshExpiresIn: 604_800 }]
      : [200, body, { 'set-cookie': `latchkey=${refreshToken}` }]
  }

  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    refreshes: () => seen.filter(({ path }) => path === '/auth/refresh'),
    fail: (path, ...more) => void faults.set(path, [...(faults.get(path) ?? []), ...more]),
    expire: (accessToken) => void expired.add(accessToken),
    generation: (sessionId = '0') => sessions[Number(sessionId)]?.generation ?? -1,
    revoke: (sessionId = '0') => {
      const session = sessions[Number(sessionId)]
      if (session !== undefined) session.revoked = true
    },
  }
}

interface Presented {
  token: string | undefined
  native: boolean
}

function presented(text: string, request: IncomingMessage): Presented {
  const inBody = text === '' ? undefined : (JSON.parse(text) as { refreshToken?: string }).refreshToken
  return {
    token: inBody ?? header(request, 'cookie')?.match(/latchkey=([^;]+)/)?.[1],
    native: inBody !== undefined,
  }
}

export function problem(
  status: number,
  error: string,
  more: { [member: string]: unknown } = {},
): [number, object, { [name: string]: string }] {
  const body = { type: `urn:latchkey:error:${error}`, title: error, status, detail: error, error, ...more }
  return [status, body, { 'content-type': 'application/problem+json' }]
}

function send(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: { [name: string]: string } = {},
) {
  response.writeHead(status, { 'content-type': 'application/json', ...headers })
  response.end(body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body))
}

function header(request: IncomingMessage, name: string): string | undefined {
  const value = request.headers[name]
  return Array.isArray(value) ? value[0] : value
}
