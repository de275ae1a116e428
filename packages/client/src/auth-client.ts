import type { SessionInfo, User } from '@latchkey/protocol'
import { createAccount } from './account.ts'
import { createAuthorizedFetch, type Fetch } from './authorized-fetch.ts'
import type { Host } from './host.ts'
import { inOrder } from './lock.ts'
import type { Settings } from './options.ts'
import { createRefresher } from './refresh.ts'
import { createService } from './service.ts'
import { type AuthState, type AuthStatus, createSession } from './session.ts'
import { createSignIn } from './sign-in.ts'
import { createConfirm, createSignOut } from './sign-out.ts'

/** Every method may be taken off the object. All but `fetch` reject with an `AuthClientError`. */
export interface AuthClient {
  /** Who is signed in, as of the last answer of the service. */
  readonly user: User | null
  readonly status: AuthStatus
  /** `status` and `user` in one object, which is the same one until something changes: what a view is drawn from. */
  readonly state: AuthState
  /** Makes an account and signs in with it. EMAIL_TAKEN, WEAK_PASSWORD, INVALID_REQUEST, RATE_LIMITED */
  register(credentials: { email: string; password: string }): Promise<User>
  /** INVALID_CREDENTIALS, RATE_LIMITED, OVERLOADED */
  login(credentials: { email: string; password: string }): Promise<User>
  /**
   * Signs out here and in the other tabs at once. Rejects when the service could not be told: the client then stays
   * signed out all the same, and tells it when it next starts. With `everywhere` all sessions of the user end, on every
   * device; when the service cannot be told that, this rejects and nothing has changed.
   */
  logout(options?: { everywhere?: boolean }): Promise<void>
  /** Ends every other session of the user. INVALID_CREDENTIALS, WEAK_PASSWORD, RATE_LIMITED, OVERLOADED */
  changePassword(passwords: { currentPassword: string; newPassword: string }): Promise<void>
  /** Where the user is signed in, this session among them. */
  sessions(): Promise<SessionInfo[]>
  /** Ends one of them. NOT_FOUND */
  endSession(id: string): Promise<void>
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
  subscribe(listener: (state: AuthState) => void): () => void
  /**
   * The token held at this moment, perhaps run out already: to look at. Use `getAccessToken` to send one. `endsAt` is in
   * milliseconds, as `performance.now()`.
   */
  peek(): { readonly accessToken: string; readonly endsAt: number } | null
  /**
   * The app is in front again, or the network is back: what ran out meanwhile is renewed. A page notices by itself;
   * call it from React Native's `AppState`.
   */
  wake(): void
  /** Stops listening to the other tabs and to the page. */
  close(): void
}

/** The client of one service on one host. */
export function connect(settings: Settings, host: Host): AuthClient {
  const session = createSession(settings.marginSeconds, host)
  const ownService = createService(settings, session)
  const service = host.carry?.(ownService) ?? ownService
  const exclusive = inOrder(host.tabs)
  const confirm = createConfirm(host, service)
  const signOut = createSignOut(host, service, session, exclusive, confirm)
  const signIn = createSignIn(host, service, session, exclusive, confirm)
  const tokens = createRefresher(host, service, session, exclusive, confirm)
  const fetch = createAuthorizedFetch(settings, session, tokens)
  const account = createAccount(service, fetch)
  const unwatch = host.watch?.(tokens.wake, () => session.leash?.abort())

  return {
    get user() {
      return session.state.user
    },
    get status() {
      return session.state.status
    },
    get state() {
      return session.state
    },
    register: (credentials) => signIn('/auth/register', credentials),
    login: (credentials) => signIn('/auth/login', credentials),
    async logout({ everywhere } = {}) {
      if (everywhere) await account('DELETE', '/auth/sessions?all=true')
      await signOut()
    },
    changePassword: (passwords) => account('POST', '/auth/password/change', passwords),
    sessions: () => account('GET', '/auth/sessions'),
    endSession: (id) => account('DELETE', `/auth/sessions/${encodeURIComponent(id)}`),
    getAccessToken: () => tokens.current(),
    refresh: () => tokens.current(session.held?.accessToken),
    fetch,
    subscribe: session.subscribe,
    peek: () => session.held,
    wake: tokens.wake,
    close() {
      unwatch?.()
      host.tabs.then(({ channel }) => channel?.close())
    },
  }
}
