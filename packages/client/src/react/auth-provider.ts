import { createElement, type ReactElement, type ReactNode, useEffect, useMemo, useState } from 'react'
import type { AuthClient, AuthState } from '../index.ts'
import { AuthContext, createAuthSource } from './auth-source.ts'

export interface AuthProviderProps {
  /** Make it once, outside of the component. It may be another one later: the components then follow that one. */
  client: AuthClient
  /**
   * Who the server knows is signed in: shown on the server and until the service has answered. It is read at the first
   * rendering only. Without a user the status is `unknown` until then. @default null
   */
  initialUser?: AuthState['user']
  children?: ReactNode
}

/**
 * Makes a client that of all components below, and asks the service once, when the page has loaded, whether somebody
 * is signed in. An answer that does not come changes nothing: the client asks again by itself.
 *
 * @throws TypeError when there is no client.
 */
export function AuthProvider({ client, initialUser, children }: AuthProviderProps): ReactElement {
  if (!client) throw new TypeError('client must be what createAuthClient returned')
  const [first] = useState({ client, initialUser })
  const source = useMemo(
    () => createAuthSource(client, client === first.client ? first.initialUser : null),
    [client, first],
  )
  useEffect(() => {
    // StrictMode runs this twice; the client makes one refresh of both.
    client.getAccessToken().catch(() => undefined)
  }, [client])
  return createElement(AuthContext.Provider, { value: source }, children)
}
