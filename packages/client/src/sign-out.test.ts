import { expect, test } from 'vitest'
import { memoryStorage } from './storage.ts'
import { ADA, RECORD, startBrowser } from './testing/browser.ts'
import { problem, startContractService } from './testing/contract-service.ts'

async function signedIn() {
  const service = await startContractService()
  const browser = startBrowser(service)
  const client = browser.openTab()
  await client.login(ADA)
  return { service, browser, client }
}

test('signing out forgets the token at once and ends the session on the service', async () => {
  const { service, browser, client } = await signedIn()
  const done = client.logout()
  expect(client).toMatchObject({ status: 'signed-out', user: null })
  await done
  expect(browser.cookie).toBe('')
  expect(await client.getAccessToken()).toBeNull()
  expect(service.refreshes()).toHaveLength(0)
})

test('a page that signs out before it has asked for a token signs out the other tabs at once too', async () => {
  const { browser, client } = await signedIn()
  await browser.openTab().logout()
  await expect.poll(() => client.status).toBe('signed-out')
})

test('a page that signs out while its first answer is on the way signs out the other tabs at once too', async () => {
  const { service, browser, client } = await signedIn()
  const answer = Promise.withResolvers<void>()
  service.fail('/auth/refresh', { heldBy: answer.promise })
  const page = browser.openTab()
  const token = page.getAccessToken()
  await expect.poll(() => service.refreshes()).toHaveLength(1)
  await page.logout()
  expect(await token).toBeNull()
  await expect.poll(() => client.status).toBe('signed-out')
  answer.resolve()
})

test('a refresh answered after the sign-out signs nobody in again', async () => {
  const { service, client } = await signedIn()
  const answer = Promise.withResolvers<void>()
  service.fail('/auth/refresh', { heldBy: answer.promise })
  const refreshed = client.refresh()
  await expect.poll(() => service.refreshes()).toHaveLength(1)
  const signedOut = client.logout()
  answer.resolve()
  expect(await refreshed).toBeNull()
  await signedOut
  expect(client.status).toBe('signed-out')
  expect(await client.getAccessToken()).toBeNull()
})

test('a sign-in answered after the sign-out does not count', async () => {
  const { service, client } = await signedIn()
  const answer = Promise.withResolvers<void>()
  service.fail('/auth/login', { heldBy: answer.promise })
  const login = client.login(ADA)
  const refused = expect(login).rejects.toMatchObject({ code: 'OVERTAKEN' })
  await expect.poll(() => service.seen.filter(({ path }) => path === '/auth/login')).toHaveLength(2)
  await client.logout()
  await refused
  expect(client.status).toBe('signed-out')
  answer.resolve()
})

test('a sign-in that was waiting for its turn when the user signed out is never sent', async () => {
  const service = await startContractService()
  const browser = startBrowser(service)
  const turn = Promise.withResolvers<void>()
  const taken = browser.lock(() => turn.promise)
  const client = browser.openTab()
  const login = expect(client.login(ADA)).rejects.toMatchObject({ code: 'OVERTAKEN' })
  const signedOut = client.logout()
  turn.resolve()
  await Promise.all([taken, login, signedOut])
  expect(service.seen.map(({ path }) => path)).not.toContain('/auth/login')
})

test('an offline sign-out holds: the next start does not come back in by the cookie, and tells the service', async () => {
  const { service, browser, client } = await signedIn()
  const lost = { status: 502, body: 'Bad gateway' }
  service.fail('/auth/logout', lost)
  await expect(client.logout()).rejects.toMatchObject({ code: 'UNEXPECTED_ANSWER' })
  expect(client.status).toBe('signed-out')
  expect(browser.cookie).not.toBe('')

  const reloaded = browser.openTab()
  expect(await reloaded.getAccessToken()).toBeNull()
  await expect.poll(() => browser.cookie).toBe('')
  expect(service.refreshes()).toHaveLength(0)
})

test('signing in after an offline sign-out works', async () => {
  const { service, browser, client } = await signedIn()
  const refused = { status: 403, body: problem(403, 'ORIGIN_FORBIDDEN')[1] }
  service.fail('/auth/logout', refused)
  await expect(client.logout()).rejects.toMatchObject({ code: 'ORIGIN_FORBIDDEN' })
  await client.login(ADA)
  expect(await browser.openTab().getAccessToken()).not.toBeNull()
})

test('a listener that is taken off in the moment of a change is not called any more', async () => {
  const { client } = await signedIn()
  const heard: unknown[] = []
  const unsubscribe = client.subscribe((state) => heard.push(state))
  const done = client.logout()
  unsubscribe()
  await done
  expect(heard).toEqual([])
})

test('signing out twice is no error', async () => {
  const { client } = await signedIn()
  await client.logout()
  await expect(client.logout()).resolves.toBeUndefined()
})

test('a refresh that was being written down when the user signed out counts for nothing', async () => {
  const service = await startContractService()
  const storage = memoryStorage()
  const written = Promise.withResolvers<void>()
  const slow = {
    ...storage,
    async setItem(key: string, value: string) {
      storage.setItem(key, value)
      if (value.includes('rt.0.1')) await written.promise
    },
  }
  const client = startBrowser(service).openApp(slow)
  await client.login(ADA)
  const refreshed = client.refresh()
  const stored = () => String(storage.getItem(RECORD))
  await expect.poll(stored).toContain('rt.0.1')
  const signedOut = client.logout()
  written.resolve()
  expect(await refreshed).toBeNull()
  await signedOut
  expect([client.status, stored()]).toEqual(['signed-out', 'null'])
})
