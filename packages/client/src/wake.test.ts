import { expect, test } from 'vitest'
import { ADA, startBrowser } from './testing/browser.ts'
import { problem, startContractService } from './testing/contract-service.ts'

const NIGHT_MS = 8 * 3_600_000

test('five tabs that wake from a night’s sleep refresh once, with nobody asking', async () => {
  const service = await startContractService()
  const browser = startBrowser(service)
  const tabs = Array.from({ length: 5 }, () => browser.openTab())
  await tabs[0]!.login(ADA)
  await expect.poll(() => tabs.map(({ status }) => status)).toEqual(Array(5).fill('signed-in'))
  browser.skip(NIGHT_MS)
  for (const tab of tabs) tab.wake()
  const worn = tabs[0]!.peek()?.accessToken
  await expect.poll(() => tabs.some((tab) => tab.peek()?.accessToken === worn)).toBe(false)
  expect(new Set(tabs.map((tab) => tab.peek()?.accessToken)).size).toBe(1)
  expect(service.refreshes()).toHaveLength(1)
})

test('waking with a token that is good asks nobody', async () => {
  const service = await startContractService()
  const client = startBrowser(service).openTab()
  await client.login(ADA)
  for (let times = 0; times < 10; times++) client.wake()
  expect(await client.getAccessToken()).not.toBeNull()
  expect(service.refreshes()).toHaveLength(0)
})

test('waking before anybody asked, or signed out, asks nobody', async () => {
  const service = await startContractService()
  const client = startBrowser(service).openTab()
  client.wake()
  await client.login(ADA)
  await client.logout()
  client.wake()
  expect(await client.getAccessToken()).toBeNull()
  expect(service.refreshes()).toHaveLength(0)
})

test('the network that is back is used at once, rather than after the pause that a failure made', async () => {
  const service = await startContractService()
  const browser = startBrowser(service)
  let isOnline = true
  const client = browser.openTab({
    fetch: (request) => (isOnline ? browser.send(request) : Promise.reject(new TypeError('offline'))),
  })
  await client.login(ADA)
  browser.skip(NIGHT_MS)
  isOnline = false
  await expect(client.getAccessToken()).rejects.toMatchObject({ code: 'UNREACHABLE' })
  isOnline = true
  client.wake()
  await expect.poll(() => service.refreshes()).toHaveLength(1)
  expect(await client.getAccessToken()).not.toBeNull()
})

test('what the service asked to wait for is waited for, also by who wakes', async () => {
  const service = await startContractService()
  const browser = startBrowser(service)
  const client = browser.openTab()
  await client.login(ADA)
  browser.skip(NIGHT_MS)
  const headers = { 'retry-after': '60' }
  service.fail('/auth/refresh', { status: 429, headers, body: problem(429, 'RATE_LIMITED')[1] })
  await expect(client.getAccessToken()).rejects.toMatchObject({ code: 'RATE_LIMITED' })
  client.wake()
  await expect(client.getAccessToken()).rejects.toMatchObject({ code: 'RATE_LIMITED' })
  expect(service.refreshes()).toHaveLength(1)
})
