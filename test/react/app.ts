// An app that uses @latchkey/client/react, served on the origin of a real service. It owns the serving; the app itself
// lies beside what it tests, in packages/client/src/react/testing.

import { fileURLToPath } from 'node:url'
import type { Browser, BrowserContext, Page, Route } from 'playwright-core'
import { build } from 'vite'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { renderApp } from '../../packages/client/src/react/testing/render.tsx'
import { launchChromium, requireChromium } from '../support/chromium.ts'
import { startService } from '../support/service.ts'

const MAIN = fileURLToPath(new URL('../../packages/client/src/react/testing/main.tsx', import.meta.url))

/** What the browser itself writes down when the service refuses something, as it does when nobody is signed in. */
const EXPECTED_REFUSAL = /^Failed to load resource: the server responded with a status of 4\d\d/

type Props = Parameters<typeof renderApp>[0]
export type ServedUser = Props['initialUser']

export interface ServedApp {
  /** Opens a scene in a tab: empty until its code runs, or as rendered on a server. */
  open(props: Props, from?: 'nothing' | 'server'): Promise<Page>
  /** How often the tabs asked for a path so far. */
  requests(path: string): number
  /** Holds the code of the late part back until the function that this returns is called. */
  holdLatePart(): () => void
}

let browser: Browser | undefined

beforeAll(async () => {
  browser = await launchChromium()
})

afterAll(() => browser?.close())

/** A test with a service and a browser profile of its own, in which nothing may complain, React least of all. */
export function appTest(name: string, run: (app: ServedApp) => Promise<void>): void {
  test(name, async (testContext) => {
    const context = await requireChromium(browser, testContext).newContext()
    onTestFinished(() => context.close())
    context.setDefaultTimeout(8000)
    const complaints: string[] = []
    context.on('weberror', (error) => complaints.push(String(error.error())))
    context.on('console', (message) => {
      const isComplaint = message.type() === 'error' && !EXPECTED_REFUSAL.test(message.text())
      if (isComplaint) complaints.push(message.text())
    })
    await run(await serveApp(context))
    expect(complaints).toEqual([])
  })
}

async function serveApp(context: BrowserContext): Promise<ServedApp> {
  const [{ url }, files] = await Promise.all([startService(), bundle()])
  const asked: string[] = []
  let late = Promise.resolve()
  context.on('request', (request) => asked.push(new URL(request.url()).pathname))

  await context.route(`${url}/app/**`, async (route: Route) => {
    const { pathname, searchParams } = new URL(route.request().url())
    const code = files.get(pathname.replace('/app/', ''))
    if (code === undefined) {
      const props: Props = JSON.parse(searchParams.get('props')!)
      const markup = searchParams.get('from') === 'server' ? await renderApp(props) : ''
      return route.fulfill({ contentType: 'text/html', body: page(markup, props) })
    }
    if (pathname.includes('late')) await late
    return route.fulfill({ contentType: 'text/javascript', body: code })
  })

  return {
    async open(props, from = 'nothing') {
      const page = await context.newPage()
      await page.goto(`${url}/app/?${new URLSearchParams({ props: JSON.stringify(props), from })}`)
      return page
    },
    requests: (path) => asked.filter((pathname) => pathname === path).length,
    holdLatePart() {
      const held = Promise.withResolvers<void>()
      late = held.promise
      return held.resolve
    },
  }
}

let bundled: Promise<Map<string, string>> | undefined

/** As for development: only there React says what it does not like, and StrictMode does everything twice. */
function bundle(): Promise<Map<string, string>> {
  bundled ??= build({
    configFile: false,
    logLevel: 'error',
    base: '/app/',
    define: { 'process.env.NODE_ENV': '"development"' },
    build: {
      write: false,
      minify: false,
      rolldownOptions: { input: MAIN, output: { entryFileNames: 'main.js', chunkFileNames: '[name].js' } },
    },
  }).then((result) => {
    const outputs = [result].flat().flatMap((one) => ('output' in one ? one.output : []))
    return new Map(outputs.flatMap((file) => (file.type === 'chunk' ? [[file.fileName, file.code]] : [])))
  })
  return bundled
}

/** Writes down what the page says after each change of it, whenever that is something else than before. */
const RECORD = `
  window.shown = []
  new MutationObserver(() => {
    const said = [...new Set(Array.from(document.querySelectorAll('output'), ({ textContent }) => textContent))].join(' | ')
    if (said !== '' && said !== window.shown.at(-1)) window.shown.push(said)
  }).observe(document, { childList: true, subtree: true, characterData: true })`

function page(markup: string, props: Props): string {
  const attribute = JSON.stringify(props).replaceAll('"', '&quot;')
  return `<!doctype html><title>App</title><script>${RECORD}</script>
<body data-props="${attribute}"><main>${markup}</main><script type="module" src="/app/main.js"></script>`
}
