import type { TokenStorage } from '../storage.ts'
import { createOrder } from './in-order.ts'
import { safeName } from './safe-name.ts'

/** What is called of `react-native-keychain`. */
export interface Keychain {
  readonly ACCESSIBLE: { readonly AFTER_FIRST_UNLOCK_THIS_DEVICE_ONLY: string }
  getGenericPassword(options?: ServiceOptions): Promise<false | { password: string }>
  setGenericPassword(username: string, password: string, options?: ServiceOptions): Promise<false | object>
  resetGenericPassword(options?: ServiceOptions): Promise<boolean>
}

/** Those of `react-native-keychain`, given with every call. */
export interface KeychainOptions {
  /**
   * When the session can be read. One that moves to another phone with a backup would be used on both, which the service
   * takes for theft and ends. @default ACCESSIBLE.AFTER_FIRST_UNLOCK_THIS_DEVICE_ONLY, so also while the phone is locked
   */
  accessible?: string
  /** Asks for a finger or a face at every renewal. @default none */
  accessControl?: string
  accessGroup?: string
  storage?: string
}

interface ServiceOptions extends KeychainOptions {
  service?: string
}

/** Compulsory there, and of no use here: the session says whose it is. */
const USERNAME = 'latchkey'

/** Keeps the session with React Native Keychain: `keychainStorage(Keychain)`. */
export function keychainStorage(keychain: Keychain, options: KeychainOptions = {}): TokenStorage {
  if (typeof keychain?.getGenericPassword !== 'function') {
    throw new TypeError("keychain must be the module: import * as Keychain from 'react-native-keychain'")
  }
  const { AFTER_FIRST_UNLOCK_THIS_DEVICE_ONLY: accessible } = keychain.ACCESSIBLE
  const of = (key: string): ServiceOptions => ({ accessible, ...options, service: safeName(key) })
  const inOrder = createOrder()

  async function read(key: string): Promise<string | null> {
    const found = await keychain.getGenericPassword(of(key))
    return found === false ? null : found.password
  }

  return {
    getItem: (key) => inOrder(() => read(key)),
    setItem: (key, value) =>
      inOrder(async () => {
        const stored = await keychain.setGenericPassword(USERNAME, value, of(key))
        if (stored === false) throw new Error('the keychain did not take the session')
      }),
    removeItem: (key) =>
      inOrder(async () => {
        const removed = await keychain.resetGenericPassword(of(key))
        // False may also say that there was none.
        if (!removed && (await read(key)) !== null)
          throw new Error('the keychain did not give the session up')
      }),
  }
}
