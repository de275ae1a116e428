import { join } from 'node:path'
import { type PreviewServer, preview } from 'vite'
import { expect, onTestFinished, test } from 'vitest'
import { launchChromium, requireChromium } from '../support/chromium.ts'
import { PROJECT, ROOT, run } from './project.ts'
import { freePort, startService } from './service.ts'

test('a page that Vite built signs up, and is still signed in after a reload and in another tab', async (context) => {
  const browser = requireChromium(await launchChromium(), context)
  onTestFinished(() => browser.close())
  const port = await freePort()
  const { origin } = await startService({ LATCHKEY_TRUSTED_ORIGINS: `http://localhost:${port}` })
  buildPage(origin)
  await servePage(port)

  const profile = await browser.newContext()
  const complaints: string[] = []
  profile.on('weberror', (error) => complaints.push(String(error.error())))
  const page = await profile.newPage()
  await page.goto(`http://localhost:${port}`)
  const who = page.getByRole('status')
  await expect.poll(() => who.textContent()).toBe('nobody')

  await page.getByLabel('E-mail').fill('ada@example.com')
  await page.getByLabel('Password').fill('a long enough phrase')
  await page.getByRole('button').click()
  await expect.poll(() => who.textContent()).toBe('ada@example.com')

  await page.reload()
  await expect.poll(() => who.textContent()).toBe('ada@example.com')

  const other = await profile.newPage()
  await other.goto(`http://localhost:${port}`)
  await expect.poll(() => other.getByRole('status').textContent()).toBe('ada@example.com')
  expect(complaints).toEqual([])
})

/** `vite build` as its user types it, in the project that has the packed client installed. */
function buildPage(serviceUrl: string): void {
  const vite = join(ROOT, 'node_modules/.bin/vite')
  run(PROJECT, vite, ['build', 'page', '--logLevel', 'warn'], { VITE_LATCHKEY_URL: serviceUrl })
}

async function servePage(port: number): Promise<void> {
  const server: PreviewServer = await preview({
    root: join(PROJECT, 'page'),
    configFile: false,
    preview: { port, strictPort: true, host: 'localhost' },
  })
  onTestFinished(() => server.close())
}
