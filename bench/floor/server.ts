// The floor: the least work that a durable refresh can cost, as fast as we can honestly write it, on node:http alone.
// It owns no check at all: it trusts every byte that it is sent, so it is a yardstick and never a service.
import { createHmac, generateKeyPairSync, randomBytes, randomUUID, sign } from 'node:crypto'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { DatabaseSync } from 'node:sqlite'

const ISSUER = process.env.FLOOR_URL ?? 'http://localhost:3000'
const ACCESS_SECONDS = 900
const IDLE_SECONDS = 604_800
const COOKIE = '__Host-latchkey'

type Delivery = 'browser' | 'native'

interface SessionRow {
  seed: Uint8Array
  delivery: Delivery
  auth_time: number
  user_id: string
  email: string
  roles: string
  created_at: string
}

const database = new DatabaseSync(process.env.FLOOR_DATABASE ?? 'floor.db')
database.exec(`
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = FULL;
  CREATE TABLE IF NOT EXISTS users (id TEXT PRIMARY KEY, email TEXT NOT NULL, roles TEXT NOT NULL, created_at TEXT NOT NULL);
  CREATE TABLE IF NOT EXISTS sessions (
    id TEXT PRIMARY KEY, user_id TEXT NOT NULL, seed BLOB NOT NULL, delivery TEXT NOT NULL, generation INTEGER NOT NULL,
    auth_time INTEGER NOT NULL, last_used_at INTEGER NOT NULL
  );
`)
const begin = database.prepare('BEGIN IMMEDIATE')
const commit = database.prepare('COMMIT')
const insertUser = database.prepare('INSERT INTO users VALUES (?, ?, ?, ?)')
const insertSession = database.prepare('INSERT INTO sessions VALUES (?, ?, ?, ?, 1, ?, ?)')
const readSession = database.prepare(`
  SELECT seed, delivery, auth_time, user_id, email, roles, created_at
  FROM sessions JOIN users ON users.id = sessions.user_id WHERE sessions.id = ?
`)
const moveSession = database.prepare(
  'UPDATE sessions SET generation = generation + 1, last_used_at = ? WHERE id = ? AND generation = ?',
)

const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const signingKey = { key: privateKey, dsaEncoding: 'ieee-p1363' } as const
const jwtHeader = Buffer.from(JSON.stringify({ alg: 'ES256', typ: 'at+jwt', kid: 'floor' })).toString(
  'base64url',
)

function accessToken(sessionId: string, session: SessionRow, now: number): string {
  const claims = {
    iss: ISSUER,
    sub: session.user_id,
    aud: ISSUER,
    exp: now + ACCESS_SECONDS,
    iat: now,
    jti: randomUUID(),
    client_id: `latchkey-${session.delivery}`,
    sid: sessionId,
    roles: JSON.parse(session.roles),
    auth_time: session.auth_time,
    amr: ['pwd'],
  }
  const input = `${jwtHeader}.${Buffer.from(JSON.stringify(claims)).toString('base64url')}`
  return `${input}.${sign('sha256', Buffer.from(input), signingKey).toString('base64url')}`
}

function refreshToken(sessionId: string, generation: number, seed: Uint8Array): string {
  const name = `${sessionId}.${generation}`
  return `${name}.${createHmac('sha256', seed).update(name).digest('base64url')}`
}

function answerTokens(
  response: ServerResponse,
  status: number,
  sessionId: string,
  generation: number,
  session: SessionRow,
  now: number,
): void {
  const refresh = refreshToken(sessionId, generation, session.seed)
  const native = session.delivery === 'native'
  const body = JSON.stringify({
    accessToken: accessToken(sessionId, session, now),
    tokenType: 'Bearer',
    expiresIn: ACCESS_SECONDS,
    user: {
      id: session.user_id,
      email: session.email,
      emailVerified: false,
      roles: JSON.parse(session.roles),
      createdAt: session.created_at,
    },
    sessionId,
    refreshToken: native ? refresh : undefined,
    refreshExpiresIn: native ? IDLE_SECONDS : undefined,
  })
  const headers: Record<string, string | number> = {
    'Content-Type': 'application/json',
    'Content-Length': Buffer.byteLength(body),
    'Cache-Control': 'no-store',
  }
  if (!native) {
    headers['Set-Cookie'] =
      `${COOKIE}=${refresh}; Path=/; HttpOnly; Secure; SameSite=Strict; Max-Age=${IDLE_SECONDS}`
  }
  response.writeHead(status, headers).end(body)
}

interface Refresh {
  sessionId: string
  generation: number
  response: ServerResponse
}

let arrived: Refresh[] = []

/** Everything that arrived in one turn of the event loop shares one transaction, and so one flush to the disk. */
function refreshArrived(): void {
  const batch = arrived
  arrived = []
  const now = Math.floor(Date.now() / 1000)
  begin.run()
  const rows = batch.map(({ sessionId, generation }) => {
    const row = readSession.get(sessionId) as unknown as SessionRow
    moveSession.run(now, sessionId, generation)
    return row
  })
  commit.run()
  batch.forEach(({ sessionId, generation, response }, index) => {
    answerTokens(response, 200, sessionId, generation + 1, rows[index]!, now)
  })
}

function refresh(token: string, response: ServerResponse): void {
  const [sessionId = '', generation] = token.split('.')
  if (arrived.length === 0) setImmediate(refreshArrived)
  arrived.push({ sessionId, generation: Number(generation), response })
}

function register(body: string, response: ServerResponse): void {
  const { email, client = 'browser' } = JSON.parse(body)
  const now = Math.floor(Date.now() / 1000)
  const sessionId = randomUUID()
  const session: SessionRow = {
    seed: randomBytes(32),
    delivery: client,
    auth_time: now,
    user_id: randomUUID(),
    email,
    roles: '[]',
    created_at: new Date().toISOString(),
  }
  insertUser.run(session.user_id, email, session.roles, session.created_at)
  insertSession.run(sessionId, session.user_id, session.seed, client, now, now)
  answerTokens(response, 201, sessionId, 1, session, now)
}

const server = createServer((request, response) => {
  const { cookie } = request.headers
  if (cookie !== undefined) {
    refresh(cookie.slice(COOKIE.length + 1), response)
    return
  }
  let body = ''
  request.setEncoding('utf8')
  request.on('data', (chunk) => {
    body += chunk
  })
  request.on('end', () => {
    if (request.url === '/auth/refresh') refresh(JSON.parse(body).refreshToken, response)
    else register(body, response)
  })
})

server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
  process.stdout.write(`floor on http://127.0.0.1:${(server.address() as AddressInfo).port}\n`)
})
process.on('SIGTERM', () => process.exit(0))
