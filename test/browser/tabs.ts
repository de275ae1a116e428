// Tabs of one origin in a real Chromium, which have a storage channel and no BroadcastChannel. It owns opening them and
// what they can be asked; the tests say what they must have heard.

import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { createServer, type ServerResponse } from 'node:http'
import { stripTypeScriptTypes } from 'node:module'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import type { openStorageChannel } from '../../packages/client/src/storage-channel.ts'
import { launchProfile, requireChromium } from '../support/chromium.ts'

const SOURCES = join(import.meta.dirname, '../../packages/client/src')

export const NAME = 'latchkey:https://auth.example.com'
const INSECURE_HOST = 'insecure.test'

const PAGE = `<!doctype html><title>a tab</title><script type="module">
import { openStorageChannel } from './storage-channel.ts'
globalThis.openChannel = (name) => {
  const heard = []
  const channel = openStorageChannel(name)
  channel.addEventListener('message', ({ data }) => heard.push(data))
  return { channel, heard }
}
Object.assign(globalThis, openChannel('${NAME}'))
</script>`

/**
 * Before the page's own scripts, so that no write goes unseen. Their clock stands still: a machine that is held up makes
 * no tab look dead.
 */
const WATCH = `delete globalThis.BroadcastChannel
Date.now = () => ${Date.now()}
globalThis.written = []
const { setItem } = Storage.prototype
Storage.prototype.setItem = function (key, value) {
  written.push([key, value])
  return setItem.call(this, key, value)
}`

declare const channel: ReturnType<typeof openStorageChannel>
declare const heard: unknown[]
declare const written: [key: string, value: string][]

export interface Origin {
  url: string
  /** The same over a host that browsers do not trust without https. */
  insecureUrl: string
  context: BrowserContext
  /** Opens so many tabs at the same instant. */
  openTabs(count: number): Promise<Tab[]>
  /** Keeps the process of a tab from doing anything else. Resolves, once it is held, to what lets go of it. */
  holdUp(tab: Tab): Promise<() => Promise<void>>
}

export interface Tab {
  page: Page
  /** The name that it goes by in the storage: its public key. */
  id: string
  /** In one go, without waiting in between. */
  post(...messages: unknown[]): Promise<void>
  heard(): Promise<unknown[]>
  /** Everything that the tab has ever stored. */
  written(): Promise<[key: string, value: string][]>
  /** What lies in the storage, sorted. */
  items(): Promise<string[]>
  store(key: string, value: string): Promise<void>
}

let profile: string
let context: BrowserContext | undefined

beforeAll(async () => {
  profile = await mkdtemp(join(tmpdir(), 'latchkey-tabs-'))
  context = await launchProfile(profile, [`--host-resolver-rules=MAP ${INSECURE_HOST} 127.0.0.1`])
  context?.setDefaultTimeout(30_000)
  await context?.addInitScript(WATCH)
})

afterAll(async () => {
  await context?.close()
  await rm(profile, { recursive: true, force: true })
})

/** A test on an origin of its own, with a storage of its own. The pages must complain about nothing. */
export function tabsTest(name: string, run: (origin: Origin) => Promise<void>): void {
  test(name, { timeout: 240_000 }, async (testContext) => {
    const browser = requireChromium(context, testContext)
    const complaints: string[] = []
    const complain = (error: { error(): unknown }) => complaints.push(String(error.error()))
    browser.on('weberror', complain)
    onTestFinished(() => void browser.off('weberror', complain))
    const { port, held } = await serve()
    const url = `http://localhost:${port}/`
    await run({
      url,
      insecureUrl: `http://${INSECURE_HOST}:${port}/`,
      context: browser,
      openTabs: (count) => openTabs(browser, url, count),
      async holdUp({ page, id }) {
        const arrived = Promise.withResolvers<ServerResponse>()
        const path = `/held?${encodeURIComponent(id)}`
        held.set(path, arrived.resolve)
        // A request that is waited for: the process hears nothing until it is answered.
        const over = page.evaluate((path) => {
          const request = new XMLHttpRequest()
          request.open('GET', path, false)
          request.send()
        }, path)
        const answer = await arrived.promise
        return () => {
          answer.end()
          return over
        }
      },
    })
    expect(complaints).toEqual([])
  })
}

/** Polls for longer than Vitest does unasked: what was stored has to come over from another process. */
export function soon<T>(read: () => Promise<T>, { timeout = 30_000 } = {}) {
  return expect.poll(read, { timeout })
}

export async function openPage(context: BrowserContext): Promise<Page> {
  const page = await context.newPage()
  onTestFinished(() => page.close())
  return page
}

async function openTabs(context: BrowserContext, url: string, count: number): Promise<Tab[]> {
  const pages = await Promise.all(Array.from({ length: count }, () => openPage(context)))
  await Promise.all(pages.map((page) => page.goto(url)))
  const tabs = await Promise.all(pages.map(asTab))
  for (const tab of tabs) await soon(tab.items).toEqual(expect.arrayContaining(itemsOf(...tabs)))
  return tabs
}

/** What is in the storage when these tabs are open and have read everything. */
export function itemsOf(...tabs: Tab[]): string[] {
  return tabs.map(({ id }) => `${NAME} ${id}`).sort()
}

async function asTab(page: Page): Promise<Tab> {
  const getWritten = () => page.evaluate(() => written)
  await soon(getWritten).not.toHaveLength(0)
  const [[key] = ['']] = await getWritten()
  return {
    page,
    id: key.slice(`${NAME} `.length),
    post: (...messages) =>
      page.evaluate((all) => {
        for (const message of all) channel.postMessage(message)
      }, messages),
    heard: () => page.evaluate(() => heard),
    written: getWritten,
    items: () => page.evaluate(() => Object.keys(localStorage).sort()),
    store: (key, value) =>
      page.evaluate(([key, value]) => localStorage.setItem(key, value), [key, value] as const),
  }
}

interface Served {
  port: number
  /** What is waiting for a request to a path, which it will answer itself. */
  held: Map<string, (answer: ServerResponse) => void>
}

async function serve(): Promise<Served> {
  const held: Served['held'] = new Map()
  const server = createServer(async ({ url = '/' }, response) => {
    const hold = held.get(url)
    if (hold !== undefined) hold(response)
    else if (url.endsWith('.ts')) {
      const source = await readFile(join(SOURCES, url), 'utf8')
      // A sandboxed page is of no origin: it may load the sources all the same.
      response.setHeader('access-control-allow-origin', '*').setHeader('content-type', 'text/javascript')
      response.end(stripTypeScriptTypes(source))
    } else {
      if (url === '/sandboxed') response.setHeader('content-security-policy', 'sandbox allow-scripts')
      response.setHeader('content-type', 'text/html').end(url === '/elsewhere' ? 'elsewhere' : PAGE)
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return { port: (server.address() as AddressInfo).port, held }
}

/** Whether the browser has written this to its disk, in either encoding that it uses. */
export async function isOnDisk(text: string): Promise<boolean> {
  const folder = join(profile, 'Default/Local Storage/leveldb')
  const files = await Promise.all((await readdir(folder)).map((file) => readFile(join(folder, file))))
  const needles = [Buffer.from(text, 'latin1'), Buffer.from(text, 'utf16le')]
  return files.some((file) => needles.some((needle) => file.includes(needle)))
}
