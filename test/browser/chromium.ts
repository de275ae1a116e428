// The hosted pages in a real Chromium, against a real service. It owns opening both; the tests say what must be seen.

import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { launchChromium, requireChromium } from '../support/chromium.ts'
import { type Service, startService } from '../support/service.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

/** What the browser itself writes down about each 4xx that a scene asks for. */
const EXPECTED_REFUSAL = /^Failed to load resource: the server responded with a status of 4\d\d/

/** Seconds: short enough to watch an access token run out, long enough for ten calls on a busy machine. */
const ACCESS_TTL = 5
export const PASSWORD = 'a quiet harbour at dusk'

export interface Visit {
  service: Service
  context: BrowserContext
  /** Opens a tab of the one browser profile and loads a page of the service. */
  open(path?: string): Promise<Page>
  /** Opens the service in another browser profile. */
  openElsewhere(): Promise<Page>
  /** What the pages complained about: script errors, refused scripts and styles, failed loads. */
  complaints: string[]
}

let browser: Browser | undefined

/** A test in a profile of its own. Without Chromium it is skipped, and says so; with `CI=true` it fails. */
export function browserTest(name: string, run: (visit: Visit) => Promise<void>): void {
  test(name, async (context) => {
    const visit = await startVisit(requireChromium(browser, context))
    await run(visit)
    expect(visit.complaints).toEqual([])
  })
}

beforeAll(async () => {
  // Only where a source is newer than what was built.
  const { status, stderr } = spawnSync('node', ['tools/build-pages.mjs'], { cwd: ROOT, encoding: 'utf8' })
  if (status !== 0) throw new Error(`the pages do not build:\n${stderr}`)
  browser = await launchChromium()
})

afterAll(() => browser?.close())

async function startVisit(browser: Browser): Promise<Visit> {
  const service = await startService({ LATCHKEY_ACCESS_TTL: String(ACCESS_TTL) })
  const complaints: string[] = []

  async function newProfile(): Promise<BrowserContext> {
    const profile = await browser.newContext({ reducedMotion: 'reduce' })
    onTestFinished(() => profile.close())
    profile.setDefaultTimeout(20_000)
    profile.on('weberror', (error) => complaints.push(String(error.error())))
    profile.on('console', (message) => {
      if (message.type() === 'error' && !EXPECTED_REFUSAL.test(message.text()))
        complaints.push(message.text())
    })
    return profile
  }

  async function open(profile: BrowserContext, path: string): Promise<Page> {
    const page = await profile.newPage()
    await page.goto(`${service.url}${path}`)
    return page
  }

  const context = await newProfile()
  return {
    service,
    context,
    complaints,
    open: (path = '/') => open(context, path),
    openElsewhere: async () => open(await newProfile(), '/'),
  }
}
