// The packages that examples use and that are not installed here: no more of each than the examples call.

/** A file of an app that uses Next.js, shown in the example before it. */
declare module '@/app/providers' {
  import type { AuthState } from '@latchkey/client'
  import type { ReactNode } from 'react'

  export function Providers(props: { initialUser: AuthState['user']; children: ReactNode }): ReactNode
}

declare module 'expo-secure-store' {
  export const AFTER_FIRST_UNLOCK_THIS_DEVICE_ONLY: number
  interface SecureStoreOptions {
    keychainAccessible?: number
  }
  export function getItemAsync(key: string, options?: SecureStoreOptions): Promise<string | null>
  export function setItemAsync(key: string, value: string, options?: SecureStoreOptions): Promise<void>
  export function deleteItemAsync(key: string, options?: SecureStoreOptions): Promise<void>
}

declare module 'react-native' {
  export const AppState: { addEventListener(type: 'change', listener: (state: string) => void): void }
}

declare module 'react-native-get-random-values'

declare module 'react-native-keychain' {
  export enum ACCESSIBLE {
    AFTER_FIRST_UNLOCK_THIS_DEVICE_ONLY = 'AccessibleAfterFirstUnlockThisDeviceOnly',
  }
  interface Options {
    service?: string
    accessible?: ACCESSIBLE
  }
  export function getGenericPassword(options?: Options): Promise<false | { password: string }>
  export function setGenericPassword(
    username: string,
    password: string,
    options?: Options,
  ): Promise<false | { service: string }>
  export function resetGenericPassword(options?: Options): Promise<boolean>
}

declare module 'react-native-url-polyfill/auto'
