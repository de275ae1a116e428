import { randomUUID } from 'node:crypto'
import type { Connection } from './connection.ts'
import type { Refresher } from './loops.ts'

export const DELIVERIES = ['browser', 'native'] as const
export type Delivery = (typeof DELIVERIES)[number]

const JSON_BODY = 'Content-Type: application/json\r\n'
const AGENT = 'Accept: */*\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64) Bench/1.0\r\n'
const SET_COOKIE = /\r\nset-cookie: ([^;]+)/i
const REFRESH_TOKEN = /"refreshToken":"([^"]+)"/
const PASSWORD = 'bench and only bench'

/** Any status but the expected one ends the run: a rate that counts refusals would be no rate. */
export class UnexpectedAnswer extends Error {
  constructor(request: string, status: number, body: string) {
    const code = /"error":"(\w+)"/.exec(body)?.[1] ?? ''
    super(`${request} was answered ${status} ${code}`)
  }
}

/** One signed-in client: it carries its refresh token from each answer into the next request, as a real one does. */
export class ClientSession implements Refresher {
  readonly #delivery: Delivery
  readonly #head: string
  #token: string

  /** @param token a cookie as `name=value` for a browser, the bare refresh token for a native client */
  constructor(delivery: Delivery, publicOrigin: string, token: string) {
    this.#delivery = delivery
    this.#token = token
    this.#head = head('/auth/refresh', delivery, publicOrigin)
  }

  /** Refreshes over `connection` and keeps the successor. Rejects with {@link UnexpectedAnswer}. */
  async refresh(connection: Connection): Promise<void> {
    const answer = await connection.send(this.#request())
    if (answer.status !== 200) throw new UnexpectedAnswer('a refresh', answer.status, answer.body)
    this.#token = refreshTokenOf(this.#delivery, answer.head, answer.body)
  }

  #request(): string {
    const head = `${this.#head}Idempotency-Key: ${randomUUID()}\r\n`
    if (this.#delivery === 'browser') return `${head}Cookie: ${this.#token}\r\nContent-Length: 0\r\n\r\n`
    const body = `{"refreshToken":"${this.#token}"}`
    return `${head}${JSON_BODY}Content-Length: ${body.length}\r\n\r\n${body}`
  }
}

/** Registers one account and returns its session. `publicOrigin` is what a page would send as its `Origin`. */
export async function register(
  connection: Connection,
  publicOrigin: string,
  delivery: Delivery,
  email: string,
): Promise<ClientSession> {
  const answer = await connection.send(credentials('/auth/register', publicOrigin, delivery, email))
  if (answer.status !== 201) throw new UnexpectedAnswer('a registration', answer.status, answer.body)
  return new ClientSession(delivery, publicOrigin, refreshTokenOf(delivery, answer.head, answer.body))
}

/** Signs in to an account that {@link register} made, and says how it was answered. */
export async function signIn(connection: Connection, publicOrigin: string, email: string): Promise<number> {
  return (await connection.send(credentials('/auth/login', publicOrigin, 'browser', email))).status
}

function credentials(path: string, publicOrigin: string, delivery: Delivery, email: string): string {
  const body = JSON.stringify({ email, password: PASSWORD, client: delivery })
  return `${head(path, delivery, publicOrigin)}${JSON_BODY}Content-Length: ${body.length}\r\n\r\n${body}`
}

/** A page sends its origin with every POST; a native client has none. */
function head(path: string, delivery: Delivery, publicOrigin: string): string {
  const page = delivery === 'browser' ? `Origin: ${publicOrigin}\r\nSec-Fetch-Site: same-origin\r\n` : ''
  return `POST ${path} HTTP/1.1\r\nHost: ${new URL(publicOrigin).host}\r\n${AGENT}${page}`
}

function refreshTokenOf(delivery: Delivery, head: string, body: string): string {
  const found = delivery === 'browser' ? SET_COOKIE.exec(head) : REFRESH_TOKEN.exec(body)
  if (found === null) throw new Error('the answer carries no refresh token')
  return found[1]!
}
