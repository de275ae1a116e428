import { createContext, useContext } from 'react'
import type { AuthClient, AuthState } from '../index.ts'

/**
 * What the provider hands down. It stays the same while the session changes, and each component subscribes by itself:
 * a context that changes would throw away the parts of a server-rendered page that wait for their code.
 */
export interface AuthSource {
  readonly client: AuthClient
  getState(): AuthState
  /** For the server and for the first rendering of its page: never what the client knows. */
  getServerState(): AuthState
}

export const AuthContext = createContext<AuthSource | null>(null)

export function useAuthSource(hook: string): AuthSource {
  const source = useContext(AuthContext)
  if (source === null) throw new Error(`${hook} needs <AuthProvider client={client}> around the component`)
  return source
}

const UNKNOWN: AuthState = { status: 'unknown', user: null }

/**
 * On a server a client may serve many users, one after the other, so its state is not read there: nobody's page may
 * show somebody else.
 */
export function createAuthSource(client: AuthClient, initialUser: AuthState['user'] | undefined): AuthSource {
  const initial: AuthState = initialUser ? { status: 'signed-in', user: initialUser } : UNKNOWN
  let read: AuthState | undefined
  let shown = initial
  return {
    client,
    getState() {
      if (client.state === read) return shown
      read = client.state
      // A page that came with its user goes on showing them until the service has said otherwise.
      const next = read.status === 'unknown' ? initial : read
      // A renewed token is no news to a component, and neither is the user with whom the page came.
      if (JSON.stringify(next) !== JSON.stringify(shown)) shown = next
      return shown
    },
    getServerState: () => initial,
  }
}
