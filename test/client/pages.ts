// An app of one script, with the client as a page loads it, in a real Chromium: it owns the bundle, the profile and the
// pages. The tests say what happens to them.

import { fileURLToPath } from 'node:url'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { build } from 'vite'
import { afterAll, beforeAll, onTestFinished, type TestContext } from 'vitest'
import type { AuthClient } from '../../packages/client/src/index.ts'
import { launchChromium, requireChromium } from '../support/chromium.ts'
import { type Service, startService } from '../support/service.ts'
import { environmentOf } from '../support/stores/store.ts'
import { startWire, type Wire } from '../support/wire.ts'

const CLIENT = fileURLToPath(new URL('../../packages/client/src/index.ts', import.meta.url))

export const ADA = { email: 'ada@example.com', password: 'a quiet harbour at dusk' }

/** What a browser may lack. */
export type Lacking = 'Web Locks' | 'BroadcastChannel' | 'IndexedDB'

const WITHOUT: Record<Lacking, string> = {
  'Web Locks': 'delete Navigator.prototype.locks',
  BroadcastChannel: 'delete globalThis.BroadcastChannel',
  IndexedDB: 'delete globalThis.indexedDB',
}

export interface World {
  service: Service
  wire: Wire
  context: BrowserContext
  /** Opens a tab on the app. Nothing is asked until the app does. */
  open(): Promise<Tab>
  /** Kills the service and starts it again, on the same store and behind the same wire. */
  restart(): Promise<void>
  /** What the service wrote, before and after each restart. */
  output(): string
  /** What pages that are loaded from now on have for a wall clock: so many milliseconds beside the true one. */
  setDeviceClock(offset: number): void
}

export interface Tab {
  page: Page
  /** Runs in the tab, with its client. */
  run<T, A = undefined>(task: (auth: AuthClient, argument: A) => Promise<T> | T, argument?: A): Promise<T>
}

let browser: Browser | undefined
let bundle: Map<string, string>

export function useChromium(): void {
  beforeAll(async () => {
    browser = await launchChromium()
    const built = await build({
      configFile: false,
      logLevel: 'error',
      build: { write: false, minify: false, lib: { entry: CLIENT, formats: ['es'], fileName: 'client' } },
    })
    if (!Array.isArray(built)) throw new Error('vite watches instead of building')
    const files = built.flatMap(({ output }) => output)
    bundle = new Map(files.map((file) => [file.fileName, 'code' in file ? file.code : '']))
  })
  afterAll(() => browser?.close())
}

export async function startWorld(
  test: TestContext,
  { lacking = [], accessTtl = 3 }: { lacking?: readonly Lacking[]; accessTtl?: number } = {},
): Promise<World> {
  const chromium = requireChromium(browser, test)
  const wire = await startWire()
  const settings = { LATCHKEY_URL: wire.url, LATCHKEY_ACCESS_TTL: String(accessTtl) }
  const service = await startService(settings)
  wire.service = service.url
  for (const [name, code] of bundle) wire.files.set(`/app/${name}`, { type: 'text/javascript', body: code })
  wire.files.set('/app/app.js', {
    type: 'text/javascript',
    body: "import { createAuthClient } from './client.js'; export const auth = createAuthClient()",
  })
  setDeviceClock(0)
  const context = await chromium.newContext()
  onTestFinished(() => context.close())
  for (const part of lacking) await context.addInitScript(WITHOUT[part])

  function setDeviceClock(offset: number): void {
    const clock = `clockOffset = ${offset}; Date.now = ((now) => () => now() + clockOffset)(Date.now)`
    const app = `<script>${clock}</script><script type="module" src="/app/app.js"></script>`
    wire.files.set('/app', { type: 'text/html', body: `<!doctype html><title>App</title>${app}` })
  }

  const outputs: string[] = []
  const world: World = {
    setDeviceClock,
    output: () => [...outputs, world.service.output()].join(''),
    service,
    wire,
    context,
    async open() {
      const page = await context.newPage()
      await page.goto(`${wire.url}/app`)
      return {
        page,
        run: (task, argument) =>
          page.evaluate(`(async () => {
            const { auth } = await import('/app/app.js')
            return await (${task})(auth, ${JSON.stringify(argument)})
          })()`),
      }
    },
    async restart() {
      const port = new URL(wire.service).port
      await world.service.kill()
      outputs.push(world.service.output())
      world.service = await startService({
        ...settings,
        PORT: port,
        ...environmentOf(service.store),
      })
    },
  }
  return world
}

/** Waits until the tab's access token has run out by its own clock. */
export function runOut(tab: Tab): Promise<void> {
  return tab.run(async (auth) => {
    while ((auth.peek()?.endsAt ?? 0) > performance.now())
      await new Promise((resolve) => setTimeout(resolve, 20))
  })
}
