// @latchkey/client/native: the client outside of a page, for phones, commands and servers.
// It owns no behaviour; the storages for each platform are entries of their own.

import { type AuthClient, connect } from './auth-client.ts'
import { nativeHost } from './native-host.ts'
import { type NativeAuthClientOptions, readOptions } from './options.ts'

/**
 * Opens the client of one Latchkey service, with the refresh token in `storage`. Sends nothing until it is used.
 *
 * @throws TypeError naming the option when one is out of its range or missing, or when the platform lacks
 * `crypto.getRandomValues`.
 */
export function createAuthClient(options: NativeAuthClientOptions): AuthClient {
  const { baseUrl, storage } = options
  if (baseUrl === undefined) throw new TypeError('baseUrl is missing: where is the service?')
  if (typeof storage?.getItem !== 'function') {
    throw new TypeError(
      'storage is missing: it keeps the refresh token. memoryStorage() forgets it with the process',
    )
  }
  if (typeof globalThis.crypto?.getRandomValues !== 'function') {
    throw new TypeError('crypto.getRandomValues is missing: import react-native-get-random-values first')
  }
  const settings = readOptions(options)
  return connect(settings, nativeHost(`latchkey:${settings.baseUrl}`, storage, settings.marginSeconds))
}

export type { AuthClient } from './auth-client.ts'
export type { AuthClientErrorCode } from './errors.ts'
export { AuthClientError } from './errors.ts'
export type { NativeAuthClientOptions } from './options.ts'
export type { AuthState, AuthStatus, SessionEnd } from './session.ts'
export type { SharedStorage, TokenStorage } from './storage.ts'
export { memoryStorage } from './storage.ts'
