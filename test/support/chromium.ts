import { existsSync } from 'node:fs'
import { type Browser, type BrowserContext, chromium } from 'playwright-core'
import type { TestContext } from 'vitest'

const USUAL_PLACES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']
const { LATCHKEY_CHROMIUM } = process.env
const EXECUTABLE = (LATCHKEY_CHROMIUM === undefined ? USUAL_PLACES : [LATCHKEY_CHROMIUM]).find((path) =>
  existsSync(path),
)

const FLAGS = [
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

/** A real Chromium without a window, or `undefined` where none is installed. */
export async function launchChromium(): Promise<Browser | undefined> {
  if (EXECUTABLE === undefined) return undefined
  return chromium.launch({ executablePath: EXECUTABLE, chromiumSandbox: false, args: FLAGS })
}

/** The same with a profile in a folder, and with the pages that are kept for the way back, as users have them. */
export async function launchProfile(folder: string, flags: string[]): Promise<BrowserContext | undefined> {
  if (EXECUTABLE === undefined) return undefined
  return chromium.launchPersistentContext(folder, {
    executablePath: EXECUTABLE,
    chromiumSandbox: false,
    args: [...FLAGS, ...flags],
    ignoreDefaultArgs: ['--disable-back-forward-cache'],
  })
}

/** Skips the test without Chromium, and says so; with `CI=true` it fails. */
export function requireChromium<Opened extends Browser | BrowserContext>(
  browser: Opened | undefined,
  context: TestContext,
): Opened {
  if (browser !== undefined) return browser
  if (process.env.CI === 'true') throw new Error('Chromium is needed: install it, or set LATCHKEY_CHROMIUM')
  context.skip('Chromium was not found: install it, or set LATCHKEY_CHROMIUM to its path')
}
