// A phone, as far as an app's JavaScript can tell: what React Native gives it with the engine Hermes, and no more.
// It owns no behaviour of the client. The service behind its network is a real one.

import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createContext, runInContext } from 'node:vm'
import type * as NativeClient from '@latchkey/client/native'
import type * as PhoneStorages from '@latchkey/client/phone'
import { build, type Rolldown } from 'vite'
import { PROJECT } from '../project.ts'
import { PhoneAbortController, PhoneAbortSignal } from './abort.ts'
import { fetchOnPhone, type Network, PhoneRequest, PhoneResponse } from './fetch.ts'

export interface Phone {
  /** The client, as the app imports it. */
  client: typeof NativeClient
  network: Network
  /** The client's own, over what `expo-secure-store` does. */
  storage: NativeClient.TokenStorage
  /** Ends the app as the system does: no code of it ever runs again. */
  kill(): void
}

/** Starts the app, on a phone whose secure storage holds `items`. */
export async function startPhone(items = new Map<string, string>()): Promise<Phone> {
  const network: Network = { arrived: [], answers: 'delivered' }
  let isAlive = true
  /** Nothing from outside reaches an app that is gone. */
  const whileAlive = <T>(outcome: Promise<T>): Promise<T> =>
    outcome.finally(() => (isAlive ? undefined : new Promise(() => {})))

  const context = createContext({
    AbortController: PhoneAbortController,
    AbortSignal: PhoneAbortSignal,
    Blob,
    FormData,
    Headers,
    Request: PhoneRequest,
    Response: PhoneResponse,
    URL: PhoneUrl,
    URLSearchParams,
    clearInterval,
    clearTimeout,
    console,
    crypto: { getRandomValues: crypto.getRandomValues.bind(crypto) },
    fetch: (...request: ConstructorParameters<typeof PhoneRequest>) =>
      whileAlive(fetchOnPhone(network, new PhoneRequest(...request))),
    navigator: { product: 'ReactNative' },
    performance: { now: () => performance.now() },
    process: { env: { NODE_ENV: 'production' } },
    queueMicrotask,
    setInterval: (run: () => void, milliseconds: number) =>
      Number(setInterval(() => isAlive && run(), milliseconds)),
    setTimeout: (run: () => void, milliseconds: number) =>
      Number(setTimeout(() => isAlive && run(), milliseconds)),
  })
  runInContext(TAKE_AWAY, context)
  runInContext(await bundleApp(), context)
  const { client, phone } = context.app as App
  return {
    client,
    network,
    storage: phone.expoSecureStorage({
      AFTER_FIRST_UNLOCK_THIS_DEVICE_ONLY: 1,
      getItemAsync: (key) => whileAlive(Promise.resolve(items.get(key) ?? null)),
      setItemAsync: async (key, value) => void (isAlive && items.set(key, value)),
      deleteItemAsync: async (key) => void (isAlive && items.delete(key)),
    }),
    kill() {
      isAlive = false
    },
  }
}

/** What the bundle exports. */
interface App {
  client: typeof NativeClient
  phone: typeof PhoneStorages
}

/** What V8 has built in and Hermes has not. */
const TAKE_AWAY = `
  for (const name of ['try', 'withResolvers']) delete Promise[name]
  for (const name of ['difference', 'intersection', 'isSubsetOf', 'union']) delete Set.prototype[name]
  for (const name of ['asyncDispose', 'dispose']) delete Symbol[name]
  delete Array.fromAsync
  delete Array.prototype.toSorted
  delete Map.groupBy
  delete Object.groupBy
  for (const name of ['Atomics', 'FinalizationRegistry', 'Iterator', 'SharedArrayBuffer', 'WebAssembly']) {
    delete globalThis[name]
  }
  globalThis.global = globalThis.self = globalThis.window = globalThis
`

/** React Native's own parses too little to be used; apps install a polyfill, whose older versions cannot do this. */
class PhoneUrl extends URL {}
Object.defineProperty(PhoneUrl, 'canParse', { value: undefined })

/** One script that leaves the client in the global `app`, by the conditions that Metro resolves packages with. */
async function bundleApp(): Promise<string> {
  const folder = join(PROJECT, 'phone-app')
  mkdirSync(folder, { recursive: true })
  writeFileSync(
    join(folder, 'app.js'),
    "export * as client from '@latchkey/client/native'\nexport * as phone from '@latchkey/client/phone'\n",
  )
  const [built] = (await build({
    root: folder,
    configFile: false,
    logLevel: 'error',
    resolve: { conditions: ['react-native'] },
    build: {
      write: false,
      minify: false,
      lib: { entry: join(folder, 'app.js'), formats: ['iife'], name: 'app', fileName: 'app' },
    },
  })) as Rolldown.RolldownOutput[]
  const [chunk] = built!.output
  return chunk.code
}
