import { useMemo, useSyncExternalStore } from 'react'
import type { AuthClient, AuthState } from '../index.ts'
import { useAuthSource } from './auth-source.ts'

type Methods = Pick<
  AuthClient,
  | 'register'
  | 'login'
  | 'logout'
  | 'changePassword'
  | 'sessions'
  | 'endSession'
  | 'getAccessToken'
  | 'refresh'
>

/** The state, and the client's methods, which stay the same functions. */
export interface Auth extends AuthState, Methods {}

/**
 * Who is signed in, and what to do about it. The component renders again when that changes, and gets the same object
 * until it does.
 *
 * @throws Error outside of an `AuthProvider`.
 */
export function useAuth(): Auth {
  const { client, getState, getServerState } = useAuthSource('useAuth')
  const state = useSyncExternalStore(client.subscribe, getState, getServerState)
  return useMemo(() => ({ ...state, ...methodsOf(client) }), [client, state])
}

function methodsOf(client: AuthClient): Methods {
  const { register, login, logout, changePassword, sessions, endSession, getAccessToken, refresh } = client
  return { register, login, logout, changePassword, sessions, endSession, getAccessToken, refresh }
}
