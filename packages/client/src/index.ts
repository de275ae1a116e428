// The public door of @latchkey/client for pages: everything an app may import. ./native is the one for everything else.
// It owns no behaviour; auth-client.ts wires the parts, each of which is one file.

import { type AuthClient, connect } from './auth-client.ts'
import { browserHost } from './browser-host.ts'
import { type AuthClientOptions, readOptions } from './options.ts'

/**
 * Opens the client of one Latchkey service in a page: the refresh token is in an HttpOnly cookie, out of every script's
 * reach. Sends nothing until it is used.
 *
 * @throws TypeError naming the option when one is out of its range.
 */
export function createAuthClient(options: AuthClientOptions = {}): AuthClient {
  const settings = readOptions(options)
  return connect(settings, browserHost(`latchkey:${settings.baseUrl}`))
}

export type { AuthClient } from './auth-client.ts'
export type { AuthClientErrorCode } from './errors.ts'
export { AuthClientError } from './errors.ts'
export type { AuthClientOptions } from './options.ts'
export type { AuthState, AuthStatus, SessionEnd } from './session.ts'
