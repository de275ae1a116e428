import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import type { Readable } from 'node:stream'
import { expect, test } from 'vitest'
import { freePort } from '../../packages/server/src/stores/testing/servers/free-port.ts'
import { answerOf, beginSignUp, closeOf, open, untilRefused } from '../http/raw.ts'
import { PASSWORD, sendTo, temporaryFolder } from '../support/auth.ts'
import { environmentOf, newStore } from '../support/stores/store.ts'
import { LATCHKEY, serve, start } from './run.ts'

const EMAIL = 'ada@example.com'
const CREDENTIALS = { email: EMAIL, password: PASSWORD, client: 'native' }

/** A store for a service, and a folder for it to run in. */
async function workplace() {
  return { workingFolder: temporaryFolder(), environment: environmentOf(await newStore()) }
}

function post(url: string, path: string, body: object) {
  return sendTo(fetch, url, 'POST', path, { body })
}

test('with port 0 it takes a free one, and the first line with an address names it', async () => {
  const { url, stdout } = await serve([], await workplace())
  expect(stdout().split('\n')[0]).toMatch(/^Latchkey listens on http:\/\/localhost:\d+$/)
  expect(new URL(url).port).not.toBe('0')
  expect((await fetch(`${url}/healthz`)).status).toBe(200)
  expect((await fetch(`${url}/readyz`)).status).toBe(200)
  const metadata = await fetch(`${url}/.well-known/oauth-authorization-server`)
  expect(((await metadata.json()) as { issuer: string }).issuer).toBe(url)
})

test('a second start keeps the users, their sessions and the keys', async () => {
  const data = await workplace()
  const first = await serve([], data)
  const { port } = new URL(first.url)
  const signUp = await post(first.url, '/auth/register', CREDENTIALS)
  first.process.kill('SIGTERM')
  expect((await first.ended).code).toBe(0)

  const { url } = await serve(['--port', port], data)
  const me = await sendTo(fetch, url, 'GET', '/auth/me', { bearer: signUp.body.accessToken })
  expect([me.status, me.body.user.email]).toEqual([200, EMAIL])
  const refresh = await post(url, '/auth/refresh', { refreshToken: signUp.body.refreshToken })
  expect([refresh.status, refresh.body.sessionId]).toEqual([200, signUp.body.sessionId])
  expect((await post(url, '/auth/login', CREDENTIALS)).status).toBe(200)
})

test('SIGTERM and SIGINT let what is under way finish, take nothing new, and end with 0 within ten seconds', async () => {
  await Promise.all([finishesUnderWay('SIGTERM'), finishesUnderWay('SIGINT'), outlastsNobody()])
})

async function finishesUnderWay(signal: NodeJS.Signals): Promise<void> {
  const { process, url, ended } = await serve([], await workplace())
  const body = JSON.stringify(CREDENTIALS)
  const underWay = await beginSignUp(url, body.length)
  const idle = await open(url)
  idle.write('GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n')
  expect((await answerOf(idle)).headers.get('connection')).toBe('keep-alive')
  const idleClosed = closeOf(idle)

  process.kill(signal)
  await idleClosed
  await untilRefused(url)
  process.kill(signal)

  const answer = answerOf(underWay)
  underWay.write(body)
  expect((await answer).status).toBe(201)
  const answeredAt = performance.now()
  expect((await ended).code, signal).toBe(0)
  expect(performance.now() - answeredAt, 'and then it waits for nothing').toBeLessThan(3_000)
}

/** A client that never finishes its request. */
async function outlastsNobody(): Promise<void> {
  const { process, url, ended } = await serve([], await workplace())
  await beginSignUp(url, 100)
  const askedAt = performance.now()
  process.kill('SIGTERM')
  expect((await ended).code).toBe(0)
  expect(performance.now() - askedAt).toBeLessThan(10_000)
}

test('a request that comes before the service is ready is answered once it is', async () => {
  const port = await freePort()
  // An RSA key takes its time to make: long enough to come too early.
  const starting = serve(['--port', String(port), '--signing-algorithm', 'RS256'], await workplace())
  const early = await connectSoon(port)
  early.write('GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n')
  expect((await answerOf(early)).status).toBe(200)
  await starting
})

/** Connects as soon as somebody listens. */
async function connectSoon(port: number) {
  for (;;) {
    const socket = await open(`http://127.0.0.1:${port}`).catch(() => null)
    if (socket !== null) return socket
  }
}

test('a start that still waits for its database ends at once when it is told to stop', async () => {
  const nobody = `postgres://latchkey@127.0.0.1:${await freePort()}/latchkey`
  for (const workers of ['1', '2']) {
    const environment = {
      LATCHKEY_DATABASE_URL: nobody,
      LATCHKEY_SECRET: randomBytes(32).toString('base64url'),
      LATCHKEY_WORKERS: workers,
    }
    const { process, ended } = start(['serve'], { workingFolder: temporaryFolder(), environment })
    await untilSaid(process.stderr, 'PostgreSQL is waited for')
    const told = performance.now()
    process.kill('SIGINT')
    expect((await ended).code, workers).toBe(0)
    expect(performance.now() - told, workers).toBeLessThan(5_000)
  }
})

test('a reader that has enough, such as head, breaks off no command', async () => {
  const workingFolder = temporaryFolder()
  const program = ['/bin/sh', '-c', `{ '${LATCHKEY}' migrate --dry-run; echo "code $?" >&2; } | head -1`]
  const { stdout, stderr } = await start([], { program, workingFolder }).ended
  expect(stdout).toBe('-- 0001-users-sessions-keys\n')
  expect(stderr).toBe('code 0\n')
})

async function untilSaid(output: Readable | null, text: string): Promise<void> {
  let said = ''
  while (output !== null && !said.includes(text)) said += String((await once(output, 'data'))[0])
}
