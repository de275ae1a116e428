// The public door of @latchkey/client/phone: keeps a native client's session where a phone keeps secrets.
// It owns the manners of two libraries, of which it imports neither; what is kept, and when, is the client's matter.

export { type ExpoSecureStore, type ExpoSecureStoreOptions, expoSecureStorage } from './expo-secure-store.ts'
export { type Keychain, type KeychainOptions, keychainStorage } from './keychain.ts'
