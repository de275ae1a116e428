import type { Service } from '../lab/service.ts'
import type { Answer, Connection } from '../load/connection.ts'

const PASSWORD = 'bench and only bench'

export interface SignedIn {
  id: string
  accessToken: string
  refreshToken: string
}

/** Signs a new user in `sessions` times. */
export async function signInAnew(
  connection: Connection,
  service: Service,
  sessions: number,
): Promise<SignedIn[]> {
  const credentials = { email: `${crypto.randomUUID()}@example.com`, password: PASSWORD, client: 'native' }
  const opened: SignedIn[] = []
  for (let number = 0; number < sessions; number++) {
    const path = number === 0 ? '/auth/register' : '/auth/login'
    const answer = await ask(connection, service, 'POST', path, { body: credentials })
    const { sessionId, accessToken, refreshToken } = JSON.parse(answer.body)
    opened.push({ id: sessionId, accessToken, refreshToken })
  }
  return opened
}

/** How sessions end. */
export interface Way {
  /** How many a user has before. */
  sessions: number
  end(connection: Connection, service: Service, sessions: readonly SignedIn[]): Promise<unknown>
  /** Those that have ended. */
  ended(sessions: readonly SignedIn[]): readonly SignedIn[]
}

export const ANOTHER: Way = {
  sessions: 2,
  end: (connection, service, [own, other]) =>
    ask(connection, service, 'DELETE', `/auth/sessions/${other!.id}`, { bearer: own!.accessToken }),
  ended: (sessions) => sessions.slice(1),
}

export const SIGN_OUT: Way = {
  sessions: 1,
  end: (connection, service, [own]) =>
    ask(connection, service, 'POST', '/auth/logout', { body: { refreshToken: own!.refreshToken } }),
  ended: (sessions) => sessions,
}

export const FIVE_OTHERS: Way = {
  sessions: 6,
  end: (connection, service, [own]) =>
    ask(connection, service, 'DELETE', '/auth/sessions', { bearer: own!.accessToken }),
  ended: (sessions) => sessions.slice(1),
}

/** One request. Rejects unless it succeeds. */
async function ask(
  connection: Connection,
  { publicOrigin }: Service,
  method: string,
  path: string,
  { bearer, body }: { bearer?: string; body?: unknown } = {},
): Promise<Answer> {
  const text = body === undefined ? '' : JSON.stringify(body)
  const head = [
    `${method} ${path} HTTP/1.1`,
    `Host: ${new URL(publicOrigin).host}`,
    ...(bearer === undefined ? [] : [`Authorization: Bearer ${bearer}`]),
    ...(body === undefined ? [] : ['Content-Type: application/json']),
    `Content-Length: ${text.length}`,
  ]
  const answer = await connection.send(`${head.join('\r\n')}\r\n\r\n${text}`)
  if (answer.status >= 300) throw new Error(`${method} ${path} was answered ${answer.status} ${answer.body}`)
  return answer
}
