// The two libraries' calls over a map, with the rules that their documentation states. Their own code runs on phones
// only. It owns nothing that is published.

import type { ExpoSecureStore, ExpoSecureStoreOptions } from '../expo-secure-store.ts'
import type { Keychain } from '../keychain.ts'

/** What one call was, and what the device was asked to hold to. */
interface Call {
  name: string
  options: { [option: string]: unknown } | undefined
}

export function startExpoDevice(): ExpoSecureStore & { calls: Call[]; items: Map<string, string> } {
  const items = new Map<string, string>()
  const calls: Call[] = []
  const note = async (key: string, options: ExpoSecureStoreOptions | undefined) => {
    if (!/^[\w.-]+$/.test(key)) throw new Error(`Invalid key provided to SecureStore: ${key}`)
    calls.push({ name: key, options: { ...options } })
    await someTime(calls.length)
  }
  return {
    items,
    calls,
    AFTER_FIRST_UNLOCK_THIS_DEVICE_ONLY: 1,
    async getItemAsync(key, options) {
      await note(key, options)
      return items.get(key) ?? null
    },
    async setItemAsync(key, value, options) {
      if (new TextEncoder().encode(value).length > 2048)
        throw new Error('the value is larger than 2048 bytes')
      await note(key, options)
      items.set(key, value)
    },
    async deleteItemAsync(key, options) {
      await note(key, options)
      items.delete(key)
    },
  }
}

export interface KeychainDevice extends Keychain {
  calls: Call[]
  /** What the next write or removal resolves to, without anything being done: the library's word for a failure. */
  refuse(): void
}

export function startKeychainDevice(): KeychainDevice {
  const items = new Map<string, { username: string; password: string }>()
  const calls: Call[] = []
  let refusals = 0
  const isRefused = () => refusals > 0 && refusals-- > 0
  const note = async (options: { service?: string } | undefined) => {
    const service = options?.service ?? 'the app'
    calls.push({ name: service, options: { ...options } })
    await someTime(calls.length)
    return service
  }
  return {
    calls,
    refuse: () => void refusals++,
    ACCESSIBLE: { AFTER_FIRST_UNLOCK_THIS_DEVICE_ONLY: 'AccessibleAfterFirstUnlockThisDeviceOnly' },
    async getGenericPassword(options) {
      const service = await note(options)
      const found = items.get(service)
      return found === undefined ? false : { ...found, service, storage: 'keychain' }
    },
    async setGenericPassword(username, password, options) {
      if (username === '' || password === '') throw new Error('empty username or password')
      const service = await note(options)
      if (isRefused()) return false
      items.set(service, { username, password })
      return { service, storage: 'keychain' }
    },
    async resetGenericPassword(options) {
      const service = await note(options)
      if (isRefused()) return false
      return items.delete(service)
    },
  }
}

/** Earlier calls take longer than later ones. */
function someTime(calls: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, Math.max(0, 20 - calls)))
}
