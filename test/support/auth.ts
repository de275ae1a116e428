// Worlds for tests: a service inside the process with a clock that is set, or a real one in a process of its own.
// It asserts nothing.
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import {
  type Auth,
  type AuthOptions,
  createAuth,
  createNodeServer,
  type FailedRequest,
  type SecurityEvent,
} from 'latchkey'
import { onTestFinished, vi } from 'vitest'
import { newStore, type TestStore } from './stores/store.ts'

export { temporaryFolder } from './folder.ts'

export const PASSWORD = 'a quiet harbour at dusk'

/** argon2id at its cheapest, for tests that are not about hashing. */
export const CHEAP_HASHING = { memoryKiB: 8192, iterations: 1, workers: 1 }

export interface TestAuth {
  auth: Auth
  url: string
  /** The time the service sees, in milliseconds; set it to travel. */
  clock: { now: number }
  events: SecurityEvent[]
  errors: { error: unknown; request: FailedRequest }[]
  /** What the service keeps, and where: of the kind that the project's tests stand on. */
  store: TestStore
  options: AuthOptions
  /** Sends a request; a body that is an object goes as JSON. */
  send(method: string, path: string, init?: SendOptions): Promise<Answer>
  /** Signs a new user up; the e-mail address is made up when none is given. */
  signUp(client: 'browser' | 'native', email?: string): Promise<SignedUp>
}

export interface SendOptions {
  body?: unknown
  headers?: Record<string, string>
  /** The refresh cookie's value. */
  cookie?: string
  bearer?: string
}

export interface Answer {
  status: number
  headers: Headers
  /** The parsed JSON, or null where the answer holds none. */
  // biome-ignore lint/suspicious/noExplicitAny: a test may look into whatever came back
  body: any
  /** The refresh cookie's new value, `''` when it was cleared, or undefined when none was set. */
  cookie: string | undefined
}

export interface SignedUp {
  email: string
  userId: string
  sessionId: string
  accessToken: string
  refreshToken: string
}

export async function startAuth(overrides: Partial<AuthOptions> = {}): Promise<TestAuth> {
  const clock = { now: Date.now() }
  const events: SecurityEvent[] = []
  const errors: TestAuth['errors'] = []
  const store = await newStore()
  const options: AuthOptions = {
    url: 'http://localhost:3000',
    secret: randomBytes(32).toString('base64url'),
    ...store,
    passwordHashing: CHEAP_HASHING,
    rateLimits: false,
    now: () => clock.now,
    onEvent: (event) => void events.push(event),
    onError: (error, request) => void errors.push({ error, request }),
    ...overrides,
  }
  const auth = await createAuth(options)
  onTestFinished(() => auth.close())
  const { url } = options
  const send: TestAuth['send'] = (method, path, init) => sendTo(auth.fetch, url, method, path, init)
  return {
    auth,
    url,
    clock,
    events,
    errors,
    store,
    options,
    send,
    async signUp(client, email = `${randomBytes(6).toString('hex')}@example.com`) {
      const { status, body, cookie } = await send('POST', '/auth/register', {
        body: { email, password: PASSWORD, client },
      })
      if (status !== 201) throw new Error(`sign-up answered ${status}`)
      const refreshToken: string = client === 'native' ? body.refreshToken : cookie
      return {
        email,
        userId: body.user.id,
        sessionId: body.sessionId,
        accessToken: body.accessToken,
        refreshToken,
      }
    },
  }
}

/** The same on a free port, for who comes over HTTP: its public origin is where it listens. */
export async function startListeningAuth(overrides: Partial<AuthOptions> = {}): Promise<TestAuth> {
  const url = await listen({ fetch: (request, context) => world.auth.fetch(request, context) })
  const world = await startAuth({ ...overrides, url })
  return world
}

/** Sends a request through anything shaped like `fetch`. */
export async function sendTo(
  fetch: (request: Request) => Promise<Response>,
  url: string,
  method: string,
  path: string,
  { body, headers = {}, cookie, bearer }: SendOptions = {},
): Promise<Answer> {
  const asJson = body !== undefined && typeof body !== 'string'
  const request = new Request(`${url}${path}`, {
    method,
    headers: {
      ...(asJson ? { 'content-type': 'application/json' } : {}),
      ...(cookie === undefined ? {} : { cookie: `__Host-latchkey=${cookie}` }),
      ...(bearer === undefined ? {} : { authorization: `Bearer ${bearer}` }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: asJson ? JSON.stringify(body) : (body as string) }),
  })
  const response = await fetch(request)
  const text = await response.text()
  const setCookie = response.headers.get('set-cookie')
  return {
    status: response.status,
    headers: response.headers,
    body: isJson(response) && text !== '' ? JSON.parse(text) : null,
    cookie: setCookie === null ? undefined : /^[^=]+=([^;]*)/.exec(setCookie)?.[1],
  }
}

function isJson(response: Response): boolean {
  return /[/+]json\b/.test(response.headers.get('content-type') ?? '')
}

/** Serves it on a free port until the test is over. Resolves to its origin. */
export async function listen({ fetch }: Pick<Auth, 'fetch'>): Promise<string> {
  const server = createNodeServer(fetch).listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.close()
    server.closeAllConnections()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** From here on the clock that is never set goes on by what the world's clock is moved. */
export function letTimePassWith(clock: TestAuth['clock']): void {
  const start = clock.now
  const elapsed = performance.now.bind(performance)
  const spy = vi.spyOn(performance, 'now').mockImplementation(() => elapsed() + clock.now - start)
  onTestFinished(() => spy.mockRestore())
}
