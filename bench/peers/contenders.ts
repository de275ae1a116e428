import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { type Service, startPeer } from '../lab/service.ts'
import { Connection } from '../load/connection.ts'
import type { Client, Refresher } from '../load/loops.ts'
import { UnexpectedAnswer } from '../load/session.ts'

const AGENT = 'Accept: */*\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64) Bench/1.0\r\n'
const FORM = 'Content-Type: application/x-www-form-urlencoded\r\n'
const REFRESH_TOKEN = /"refresh_token":"([^"]+)"/
const REFRESH_COOKIE = /\r\nset-cookie: refreshToken=([^;]+)/i

interface Peer {
  name: string
  /** The file that it is in. */
  program: string
  env?: Readonly<Record<string, string>>
  path: string
  /** How a refresh token is sent. */
  as: 'cookie' | 'form'
}

export const PEERS: readonly Peer[] = [
  { name: 'tutorial', program: 'tutorial', path: '/auth/refresh', as: 'cookie' },
  {
    name: 'tutorial, one commit',
    program: 'tutorial',
    env: { PEER_ONE_COMMIT: '1' },
    path: '/auth/refresh',
    as: 'cookie',
  },
  { name: 'oidc-provider', program: 'oidc-provider', path: '/token', as: 'form' },
  { name: 'better-auth', program: 'better-auth', path: '/api/auth/oauth2/token', as: 'form' },
]

/** Installs the peers' packages, which `npm install` does not. Throws what to do when that cannot be done. */
export function installPeers(progress: (line: string) => void): void {
  if (existsSync(join(import.meta.dirname, 'node_modules/better-auth'))) return
  progress('installing the peers: npm ci --prefix bench/peers')
  try {
    execFileSync('npm', ['ci', '--prefix', import.meta.dirname, '--ignore-scripts'], {
      stdio: ['ignore', 'ignore', 'pipe'],
    })
  } catch (cause) {
    throw new Error(
      'the peers cannot be installed; with a network, try: npm ci --prefix bench/peers --ignore-scripts',
      { cause },
    )
  }
}

export async function startWithClients(
  peer: Peer,
  directory: string,
  count: number,
): Promise<{ service: Service; clients: Client[] }> {
  const service = await startPeer(peer.program, {
    directory,
    ...(peer.env === undefined ? {} : { env: peer.env }),
  })
  const connection = await Connection.open(service.origin)
  const clients: Client[] = []
  for (let number = 0; number < count; number++) {
    const answer = await connection.send(request('/bench/session', service.origin, '', ''))
    const token = REFRESH_TOKEN.exec(answer.body)?.[1]
    if (token === undefined) throw new UnexpectedAnswer('a session', answer.status, answer.body)
    clients.push([new PeerSession(peer, service.origin, token)])
  }
  connection.close()
  return { service, clients }
}

class PeerSession implements Refresher {
  readonly #peer: Peer
  readonly #origin: string
  #token: string

  constructor(peer: Peer, origin: string, token: string) {
    this.#peer = peer
    this.#origin = origin
    this.#token = token
  }

  async refresh(connection: Connection): Promise<void> {
    const { path, as } = this.#peer
    const answer = await connection.send(
      as === 'cookie'
        ? request(path, this.#origin, `Cookie: refreshToken=${this.#token}\r\n`, '')
        : request(
            path,
            this.#origin,
            FORM,
            `grant_type=refresh_token&client_id=bench&refresh_token=${this.#token}`,
          ),
    )
    const found = as === 'cookie' ? REFRESH_COOKIE.exec(answer.head) : REFRESH_TOKEN.exec(answer.body)
    if (answer.status !== 200 || found === null)
      throw new UnexpectedAnswer('a refresh', answer.status, answer.body)
    this.#token = found[1]!
  }
}

function request(path: string, origin: string, headers: string, body: string): string {
  return `POST ${path} HTTP/1.1\r\nHost: ${new URL(origin).host}\r\n${AGENT}${headers}Content-Length: ${body.length}\r\n\r\n${body}`
}
