// The public door of @latchkey/client: everything an app may import.
// It owns no behaviour; auth-client.ts wires the parts, each of which is one file.

import type { AuthClient } from './auth-client.ts'
import { createAuthClient as create } from './auth-client.ts'
import { hostEnvironment } from './environment.ts'
import type { AuthClientOptions } from './options.ts'

/**
 * Opens the client of one Latchkey service. Sends nothing until it is used.
 *
 * @throws TypeError naming the option when one is out of its range, or when `baseUrl` is missing outside a page.
 */
export function createAuthClient(options: AuthClientOptions = {}): AuthClient {
  return create(options, hostEnvironment())
}

export type { AuthClient } from './auth-client.ts'
export type { AuthClientErrorCode } from './errors.ts'
export { AuthClientError } from './errors.ts'
export type { AuthClientOptions } from './options.ts'
export type { AuthChange, AuthStatus, SessionEnd } from './session.ts'
export type { TokenStorage } from './storage.ts'
export { memoryStorage } from './storage.ts'
