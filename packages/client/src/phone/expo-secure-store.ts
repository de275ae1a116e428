import type { TokenStorage } from '../storage.ts'
import { createOrder } from './in-order.ts'
import { safeName } from './safe-name.ts'

/** What is called of `expo-secure-store`. */
export interface ExpoSecureStore {
  readonly AFTER_FIRST_UNLOCK_THIS_DEVICE_ONLY: number
  getItemAsync(key: string, options?: ExpoSecureStoreOptions): Promise<string | null>
  setItemAsync(key: string, value: string, options?: ExpoSecureStoreOptions): Promise<void>
  deleteItemAsync(key: string, options?: ExpoSecureStoreOptions): Promise<void>
}

/** Those of `expo-secure-store`, given with every call. */
export interface ExpoSecureStoreOptions {
  /**
   * When the session can be read. One that moves to another phone with a backup would be used on both, which the service
   * takes for theft and ends. @default AFTER_FIRST_UNLOCK_THIS_DEVICE_ONLY, so also while the phone is locked
   */
  keychainAccessible?: number
  keychainService?: string
  /** Asks for a finger or a face at every renewal. @default false */
  requireAuthentication?: boolean
  authenticationPrompt?: string
  accessGroup?: string
}

/** Keeps the session in Expo's SecureStore: `expoSecureStorage(SecureStore)`. */
export function expoSecureStorage(
  store: ExpoSecureStore,
  options: ExpoSecureStoreOptions = {},
): TokenStorage {
  if (typeof store?.getItemAsync !== 'function') {
    throw new TypeError("store must be the module: import * as SecureStore from 'expo-secure-store'")
  }
  const all = { keychainAccessible: store.AFTER_FIRST_UNLOCK_THIS_DEVICE_ONLY, ...options }
  const inOrder = createOrder()
  return {
    getItem: (key) => inOrder(() => store.getItemAsync(safeName(key), all)),
    setItem: (key, value) => inOrder(() => store.setItemAsync(safeName(key), value, all)),
    removeItem: (key) => inOrder(() => store.deleteItemAsync(safeName(key), all)),
  }
}
