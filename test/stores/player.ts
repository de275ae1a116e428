import { type Auth, type AuthOptions, createAuth } from 'latchkey'
import { generationOf } from '../refresh/client.ts'
import { type Answer, CHEAP_HASHING, sendTo } from '../support/auth.ts'
import type { TestStore } from '../support/stores/store.ts'

const URL = 'http://localhost:3000'
const SECRET = Buffer.alloc(32, 'a secret that all of them share ').toString('base64url')
const TEN_YEARS = 315_360_000

/** One step of a history. Users and sessions go by the order in which they came, so that it means the same everywhere. */
export type Step =
  | { kind: 'register'; client: 'browser' | 'native' }
  | { kind: 'log in'; user: number; client: 'browser' | 'native'; wrongly: boolean }
  | { kind: 'refresh'; session: number; generation: number; key: string | null }
  | { kind: 'look'; session: number }
  | { kind: 'list'; session: number }
  | { kind: 'log out'; session: number; generation: number }
  | { kind: 'end one'; session: number; target: number }
  | { kind: 'end all'; session: number; own: boolean }
  | { kind: 'change password'; session: number; wrongly: boolean }
  | { kind: 'disable' | 'enable' | 'revoke all'; user: number }
  | { kind: 'revoke opened before'; msAgo: number }
  | { kind: 'let time pass'; ms: number }
  | { kind: 'restart' }

interface User {
  id: string
  email: string
  password: string
}

interface Session {
  id: string
  user: number
  client: 'browser' | 'native'
  /** The refresh tokens that were given out, by their generation. */
  tokens: Map<number, string>
  accessToken: string
}

/** Plays histories on one store, and tells what came of each step in words that are the same wherever it is played. */
export class Player {
  readonly #options: AuthOptions
  readonly #clock: { now: number }
  #auth: Auth
  readonly users: User[] = []
  readonly sessions: Session[] = []

  private constructor(options: AuthOptions, clock: { now: number }, auth: Auth) {
    this.#options = options
    this.#clock = clock
    this.#auth = auth
  }

  static async open(store: TestStore, start: number): Promise<Player> {
    const clock = { now: start }
    const options: AuthOptions = {
      ...store,
      url: URL,
      secret: SECRET,
      passwordHashing: CHEAP_HASHING,
      maxSessionsPerUser: 4,
      keyRotationSeconds: TEN_YEARS,
      rateLimits: false,
      upkeep: false,
      now: () => clock.now,
    }
    return new Player(options, clock, await createAuth(options))
  }

  close(): Promise<void> {
    return this.#auth.close()
  }

  async play(step: Step): Promise<unknown> {
    // No two things happen at the same time: in which order those are listed no store promises.
    this.#clock.now++
    switch (step.kind) {
      case 'register': {
        const email = `user${this.users.length}@example.com`
        const password = `the first password of ${email}`
        return await this.#opened(
          this.users.length,
          step.client,
          await this.#send('POST', '/auth/register', { body: { email, password, client: step.client } }),
          { email, password },
        )
      }
      case 'log in': {
        const { email, password } = this.users[step.user] as User
        const body = { email, password: step.wrongly ? `not ${password}` : password, client: step.client }
        return await this.#opened(step.user, step.client, await this.#send('POST', '/auth/login', { body }))
      }
      case 'refresh':
        return await this.#refresh(step.session, step.generation, step.key)
      case 'look':
        return outcome(await this.#send('GET', '/auth/me', this.#bearer(step.session)))
      case 'list': {
        const answer = await this.#send('GET', '/auth/sessions', this.#bearer(step.session))
        const listed = answer.body.sessions as
          | { id: string; current: boolean; lastUsedAt: string }[]
          | undefined
        return {
          ...outcome(answer),
          listed: listed?.map(({ id, current, lastUsedAt }) => [this.#numberOf(id), current, lastUsedAt]),
        }
      }
      case 'log out':
        return outcome(
          await this.#send('POST', '/auth/logout', this.#presenting(step.session, step.generation)),
        )
      case 'end one': {
        const { id } = this.sessions[step.target] as Session
        return outcome(await this.#send('DELETE', `/auth/sessions/${id}`, this.#bearer(step.session)))
      }
      case 'end all': {
        const path = `/auth/sessions${step.own ? '?all=true' : ''}`
        return outcome(await this.#send('DELETE', path, this.#bearer(step.session)))
      }
      case 'change password':
        return await this.#changePassword(step.session, step.wrongly)
      case 'disable':
        return await this.#auth.users.disable(this.#idOf(step.user))
      case 'enable':
        return await this.#auth.users.enable(this.#idOf(step.user))
      case 'revoke all':
        return await this.#auth.sessions.revokeAll(this.#idOf(step.user))
      case 'revoke opened before':
        return await this.#auth.sessions.revokeOpenedBefore(new Date(this.#clock.now - step.msAgo))
      case 'let time pass':
        this.#clock.now += step.ms
        return undefined
      case 'restart':
        await this.#auth.close()
        this.#auth = await createAuth(this.#options)
        return undefined
    }
  }

  async #opened(
    user: number,
    client: Session['client'],
    answer: Answer,
    credentials?: Pick<User, 'email' | 'password'>,
  ): Promise<unknown> {
    if (answer.status === 200 || answer.status === 201) {
      const { body, cookie } = answer
      if (credentials !== undefined) this.users.push({ ...credentials, id: body.user.id })
      const token: string = client === 'browser' ? cookie : body.refreshToken
      this.sessions.push({
        id: body.sessionId,
        user,
        client,
        tokens: new Map([[0, token]]),
        accessToken: body.accessToken,
      })
    }
    return outcome(answer)
  }

  async #refresh(session: number, presented: number, key: string | null): Promise<unknown> {
    const sent = this.#presenting(session, presented)
    const headers: Record<string, string> = key === null ? {} : { 'idempotency-key': key }
    const answer = await this.#send('POST', '/auth/refresh', { ...sent, headers })
    if (answer.status !== 200) return outcome(answer)
    const { client, tokens } = this.sessions[session] as Session
    const token: string = client === 'browser' ? answer.cookie : answer.body.refreshToken
    const generation = generationOf(token) as number
    const isTheSame = (tokens.get(generation) ?? token) === token
    tokens.set(generation, token)
    ;(this.sessions[session] as Session).accessToken = answer.body.accessToken
    return { ...outcome(answer), generation, isTheSame }
  }

  async #changePassword(session: number, wrongly: boolean): Promise<unknown> {
    const user = this.users[(this.sessions[session] as Session).user] as User
    const newPassword = `another ${user.password}`.slice(0, 100)
    const body = { currentPassword: wrongly ? 'not the password at all' : user.password, newPassword }
    const answer = await this.#send('POST', '/auth/password/change', { ...this.#bearer(session), body })
    if (answer.status === 204) user.password = newPassword
    return outcome(answer)
  }

  #send(...[method, path, init]: [string, string, Parameters<typeof sendTo>[4]]): Promise<Answer> {
    return sendTo(this.#auth.fetch, URL, method, path, init)
  }

  #bearer(session: number) {
    return { bearer: (this.sessions[session] as Session).accessToken }
  }

  #presenting(session: number, generation: number) {
    const { client, tokens } = this.sessions[session] as Session
    const refreshToken = tokens.get(generation) as string
    return client === 'browser' ? { cookie: refreshToken } : { body: { refreshToken } }
  }

  #idOf(user: number): string {
    return (this.users[user] as User).id
  }

  #numberOf(id: string): number {
    return this.sessions.findIndex((session) => session.id === id)
  }
}

function outcome({ status, body, cookie }: Answer) {
  return {
    status,
    error: body?.error,
    reason: body?.reason,
    cookie: cookie === undefined ? undefined : cookie !== '',
  }
}
