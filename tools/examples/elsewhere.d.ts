// The packages that examples use and that are not installed here: no more of each than the examples call.

/** A file of an app that uses Next.js, shown in the example before it. */
declare module '@/app/providers' {
  import type { AuthState } from '@latchkey/client'
  import type { ReactNode } from 'react'

  export function Providers(props: { initialUser: AuthState['user']; children: ReactNode }): ReactNode
}

declare module '@nestjs/common' {
  type Decorate = (target: unknown, ...rest: unknown[]) => void
  interface HttpArgumentsHost {
    getRequest<Type>(): Type
    getResponse<Type>(): Type
  }
  export interface ExecutionContext {
    switchToHttp(): HttpArgumentsHost
  }
  export interface CanActivate {
    canActivate(context: ExecutionContext): boolean | Promise<boolean>
  }
  export class HttpException extends Error {
    constructor(response: string | object, status: number)
  }
  export function Controller(path: string): Decorate
  export function UseGuards(...guards: CanActivate[]): Decorate
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

declare module 'koa' {
  import type { IncomingMessage, Server } from 'node:http'

  interface Context {
    req: IncomingMessage
    url: string
    status: number
    body: unknown
    state: Record<string, unknown> & { auth: import('@latchkey/verifier').AccessTokenClaims }
    set(headers: Record<string, string>): void
  }
  export type Middleware = (ctx: Context, next: () => Promise<void>) => unknown
  export default class Koa {
    use(middleware: Middleware): this
    listen(port: number): Server
  }
}

declare module 'next/server' {
  export class NextResponse extends Response {
    static next(): NextResponse
  }
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
