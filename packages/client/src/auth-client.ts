import type { User } from '@latchkey/protocol'
import { createAuthorizedFetch, type Fetch } from './authorized-fetch.ts'
import type { Environment } from './environment.ts'
import { createExclusive } from './lock.ts'
import { type AuthClientOptions, readOptions } from './options.ts'
import type { Parts } from './parts.ts'
import { createRecordKeeper } from './record.ts'
import { createRefresher } from './refresh.ts'
import { ANSWER_WITHIN_MS, createService } from './service.ts'
import { type AuthChange, type AuthStatus, createSession, type Session } from './session.ts'
import { createSignIn } from './sign-in.ts'
import { createSignOut } from './sign-out.ts'
import { memoryStorage } from './storage.ts'
import { openTabs, type TabMessage } from './tabs.ts'

/** Every method may be taken off the object, and rejects with an `AuthClientError`. */
export interface AuthClient {
  /** Who is signed in, as of the last answer of the service. */
  readonly user: User | null
  readonly status: AuthStatus
  /** Makes an account and signs in with it. EMAIL_TAKEN, WEAK_PASSWORD, INVALID_REQUEST, RATE_LIMITED */
  register(credentials: { email: string; password: string }): Promise<User>
  /** INVALID_CREDENTIALS, RATE_LIMITED, OVERLOADED */
  login(credentials: { email: string; password: string }): Promise<User>
  /**
   * Signs out here and in the other tabs at once. Rejects when the service could not be told: the client then stays
   * signed out all the same, and tells it when it next starts.
   */
  logout(): Promise<void>
  /**
   * A token that is good for a while, renewed first where that is due; `null` when signed out. The first call after a
   * page is loaded asks the service whether its cookie still holds a session.
   */
  getAccessToken(): Promise<string | null>
  /** Renews the access token now, once however many ask. Resolves to it, or to `null` when the session is over. */
  refresh(): Promise<string | null>
  /**
   * `fetch` with the access token, which goes to the service's origin and to `origins` alone. On 401 TOKEN_EXPIRED the
   * token is renewed once and the request repeated once. Rejects rather than send a request with a token known to be
   * over.
   */
  fetch: Fetch
  /** Calls the listener after each change, until the function that this returns is called. */
  subscribe(listener: (change: AuthChange) => void): () => void
  /** The token held at this moment, perhaps run out already: to look at. Use `getAccessToken` to send one. */
  peek(): { accessToken: string; secondsLeft: number } | null
  /** Stops listening to the other tabs. */
  close(): void
}

export function createAuthClient(options: AuthClientOptions, environment: Environment): AuthClient {
  const settings = readOptions(options, environment)
  const session = createSession(settings.refreshMarginSeconds)
  const inPage = settings.client === 'browser' ? environment : undefined
  const name = `latchkey:${settings.baseUrl}`
  const parts: Parts = {
    settings,
    environment,
    session,
    service: createService(settings),
    records: createRecordKeeper(
      settings.storage ?? inPage?.localStorage ?? memoryStorage(),
      settings.baseUrl,
    ),
    exclusive: createExclusive(inPage?.locks, name, ANSWER_WITHIN_MS),
    tabs: openTabs(inPage?.openChannel, name, (message) => hear(session, message, environment.now())),
  }
  const signIn = createSignIn(parts)
  const { signOut, confirm } = createSignOut(parts)
  const tokens = createRefresher(parts, confirm)

  return {
    get user() {
      return session.held?.user ?? null
    },
    get status() {
      return session.status
    },
    register: (credentials) => signIn('/auth/register', credentials),
    login: (credentials) => signIn('/auth/login', credentials),
    logout: signOut,
    getAccessToken: tokens.current,
    refresh: tokens.renew,
    fetch: createAuthorizedFetch(settings, session, tokens, environment.pageUrl),
    subscribe: session.subscribe,
    peek: () =>
      session.held && {
        accessToken: session.held.accessToken,
        secondsLeft: (session.held.endsAt - environment.now()) / 1000,
      },
    close: () => parts.tabs.close(),
  }
}

/** Takes over what another tab learnt. What is older than what this tab knows changes nothing. */
function hear(session: Session, message: TabMessage, now: number): void {
  const { held } = session
  if (message.kind === 'ended') {
    if (held?.sessionId !== message.sessionId) return
    session.nextTurn()
    session.end(message.end)
    return
  }
  const { tokens, ageMs } = message
  if (session.hasEnded(tokens.sessionId)) return
  const sentAt = now - ageMs
  if (message.kind === 'opened') {
    session.nextTurn()
    session.hold(tokens, sentAt)
    return
  }
  const isNews =
    held === null
      ? session.status === 'unknown'
      : held.sessionId === tokens.sessionId && held.endsAt < sentAt + tokens.expiresIn * 1000
  if (isNews) session.hold(tokens, sentAt)
}
