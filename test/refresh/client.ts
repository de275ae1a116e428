// Refreshing and ending sessions, seen from outside: over HTTP, as browsers and native apps do it.
// How a whole client behaves is tested in packages/client.
import { randomBytes, randomUUID } from 'node:crypto'
import { type Auth, createAuth } from 'latchkey'
import { expect, onTestFinished } from 'vitest'
import { parseRefreshToken } from '../../packages/server/src/sessions/refresh-token.ts'
import { type Answer, PASSWORD, type SendOptions, sendTo, type TestAuth } from '../support/auth.ts'

export const DELIVERIES = ['browser', 'native'] as const
export type Delivery = (typeof DELIVERIES)[number]

export const SECOND = 1000
export const DAY = 86_400 * SECOND

type Sender = Pick<TestAuth, 'send'>

export interface SignedIn {
  client: Delivery
  email: string
  userId: string
  sessionId: string
  accessToken: string
  refreshToken: string
}

export interface Refreshed extends Answer {
  /** The refresh token in the answer, whichever way it came. */
  refreshToken: string
}

export interface Along {
  /** The `Idempotency-Key`. */
  key?: string
  bearer?: string
  headers?: Record<string, string>
}

/** PASSWORD, hashed in another system: a user without the cost of choosing a password. */
const IMPORTED_HASH =
  '$argon2id$v=19$m=8192,t=1,p=1$UHneqvp9IuLnEirJiLomnw$YfRCCBzFd+AxuUHn2Xxn8RhZLcCT19aRAW4vHTjTj8Y'

export const newKey = (): string => randomUUID()

/** A new user, signed in. */
export async function signIn(world: TestAuth, client: Delivery): Promise<SignedIn> {
  const email = `${randomBytes(6).toString('hex')}@example.com`
  await world.auth.users.create({ email, passwordHash: IMPORTED_HASH })
  return await signInAgain(world, client, email)
}

/** One more session of a user. */
export async function signInAgain(world: Sender, client: Delivery, email: string): Promise<SignedIn> {
  const body = { email, password: PASSWORD, client }
  const answer = await world.send('POST', '/auth/login', { body })
  expect(answer.status).toBe(200)
  return {
    client,
    email,
    userId: answer.body.user.id,
    sessionId: answer.body.sessionId,
    accessToken: answer.body.accessToken,
    refreshToken: refreshTokenOf(client, answer),
  }
}

/** Presents a refresh token, the way its session was opened. */
export async function refresh(
  world: Sender,
  client: Delivery,
  refreshToken: string,
  along: Along = {},
): Promise<Refreshed> {
  const answer = await world.send('POST', '/auth/refresh', presenting(client, refreshToken, along))
  return { ...answer, refreshToken: refreshTokenOf(client, answer) }
}

/** Refreshes so many times, each time with a key, and returns every token and key from the first to the last. */
export async function refreshTimes(world: Sender, session: SignedIn, times: number) {
  const tokens = [session.refreshToken]
  const keys: string[] = []
  for (let i = 0; i < times; i++) {
    const key = newKey()
    const answer = await refresh(world, session.client, tokens[i] as string, { key })
    expect(answer.status).toBe(200)
    tokens.push(answer.refreshToken)
    keys.push(key)
  }
  return { tokens, keys, last: tokens[times] as string }
}

export function presenting(client: Delivery, refreshToken: string, along: Along = {}): SendOptions {
  const { key, bearer, headers = {} } = along
  return {
    ...(client === 'browser' ? { cookie: refreshToken } : { body: { refreshToken } }),
    ...(bearer === undefined ? {} : { bearer }),
    headers: { ...(key === undefined ? {} : { 'idempotency-key': key }), ...headers },
  }
}

function refreshTokenOf(client: Delivery, { body, cookie }: Answer): string {
  return client === 'browser' ? (cookie as string) : (body?.refreshToken as string)
}

export function generationOf(refreshToken: string): number | undefined {
  return parseRefreshToken(refreshToken)?.generation
}

/** A refused refresh says why, and neither gives nor takes a token: a loser must not kill the winner. */
export function expectRefused(answer: Answer, status: number, error: string): void {
  expect([answer.status, answer.body?.error]).toEqual([status, error])
  expect(answer.headers.get('content-type')).toBe('application/problem+json')
  expect(answer.headers.get('cache-control')).toBe('no-store')
  expect(answer.headers.get('set-cookie')).toBeNull()
  expect(Object.keys(answer.body).filter((name) => /token/i.test(name))).toEqual([])
}

/** The session goes on: its newest token still moves it, by exactly one. */
export async function expectAlive(world: Sender, client: Delivery, newest: string): Promise<string> {
  const answer = await refresh(world, client, newest)
  expect(answer).toMatchObject({ status: 200 })
  expect(generationOf(answer.refreshToken)).toBe((generationOf(newest) as number) + 1)
  return answer.refreshToken
}

/** Stops the service and starts it on the same store, with other options where some are given. */
export async function restart(
  world: TestAuth,
  changes: Partial<TestAuth['options']> = {},
): Promise<Sender & { auth: Auth }> {
  await world.auth.close()
  return await startBeside(world, changes)
}

/** Starts a second service on the same store, as another node. */
export async function startBeside(
  world: TestAuth,
  changes: Partial<TestAuth['options']> = {},
): Promise<Sender & { auth: Auth }> {
  const options = { ...world.options, ...changes }
  const auth = await createAuth(options)
  onTestFinished(() => auth.close())
  return { auth, send: (method, path, init) => sendTo(auth.fetch, options.url, method, path, init) }
}
