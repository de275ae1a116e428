import { expect, test } from 'vitest'
import { createAuthClient, memoryStorage } from './native.ts'
import { ADA, BOB, startBrowser } from './testing/browser.ts'
import { startContractService } from './testing/contract-service.ts'

async function startApp() {
  const service = await startContractService()
  const storage = memoryStorage()
  const start = () => createAuthClient({ baseUrl: service.url, storage })
  const stored = () => String(storage.getItem(`latchkey:${service.url}`))
  return { service, start, stored }
}

test('a native session keeps its refresh token in the storage and sends it in the body', async () => {
  const { service, start, stored } = await startApp()
  const app = start()
  await app.login(ADA)
  expect(JSON.parse(stored())).toMatchObject({ refreshToken: 'rt.0.0' })
  await app.refresh()
  expect(JSON.parse(stored())).toMatchObject({ refreshToken: 'rt.0.1' })
  expect(service.refreshes()[0]).toMatchObject({ body: '{"refreshToken":"rt.0.0"}', cookie: undefined })
})

test('an app that is started again is still signed in', async () => {
  const { start } = await startApp()
  await start().login(ADA)
  const again = start()
  expect(await again.getAccessToken()).not.toBeNull()
  expect(again.user?.email).toBe(ADA.email)
})

test('an app killed in mid-refresh comes back signed in, with the same key', async () => {
  const { service, start, stored } = await startApp()
  const app = start()
  await app.login(ADA)
  const never = Promise.withResolvers<void>()
  service.fail('/auth/refresh', { heldBy: never.promise })
  app.refresh().catch(() => undefined)
  await expect.poll(() => service.refreshes()).toHaveLength(1)
  expect(JSON.parse(stored())).toMatchObject({ refreshToken: 'rt.0.0', attempt: service.refreshes()[0]?.key })

  const again = start()
  await again.getAccessToken()
  expect(again.status).toBe('signed-in')
  expect(service.refreshes()[1]?.key).toBe(service.refreshes()[0]?.key)
  never.resolve()
})

test('signing out ends the session with the stored token and forgets it', async () => {
  const { service, start, stored } = await startApp()
  const app = start()
  await app.login(ADA)
  await app.logout()
  expect(stored()).toBe('null')
  expect(service.seen.at(-1)).toMatchObject({ path: '/auth/logout', body: '{"refreshToken":"rt.0.0"}' })
})

test('a sign-out that a full disk keeps from being written down is told to the service all the same', async () => {
  const service = await startContractService()
  const items = memoryStorage()
  let isFull = false
  const storage = {
    ...items,
    setItem(key: string, value: string) {
      if (isFull) throw new Error('ENOSPC')
      return items.setItem(key, value)
    },
  }
  const start = () => createAuthClient({ baseUrl: service.url, storage })
  const app = start()
  await app.login(ADA)
  isFull = true
  await expect(app.logout()).rejects.toMatchObject({ code: 'STORAGE_FAILED' })
  expect(app.status).toBe('signed-out')
  await expect.poll(() => service.seen.map(({ path }) => path)).toContain('/auth/logout')

  isFull = false
  expect(await start().getAccessToken()).toBeNull()
})

test('an app without a stored token asks nobody', async () => {
  const { service, start } = await startApp()
  expect(await start().getAccessToken()).toBeNull()
  expect(service.seen).toEqual([])
})

test('two native clients share nothing, not even where tabs would', async () => {
  const { service } = await startApp()
  const host = startBrowser(service)
  const [ada, bob] = [memoryStorage(), memoryStorage()].map((storage) => host.openApp(storage))
  await ada?.login(ADA)
  await bob?.login(BOB)
  await ada?.refresh()
  expect([ada?.user?.email, bob?.user?.email]).toEqual([ADA.email, BOB.email])
  await bob?.logout()
  expect(ada?.status).toBe('signed-in')
})

test('what may be looked at never holds the refresh token', async () => {
  const { start } = await startApp()
  const app = start()
  for (const step of [() => app.login(ADA), () => app.refresh()]) {
    await step()
    expect(app.peek()).toHaveProperty('accessToken')
    expect(JSON.stringify([app.peek(), app.state])).not.toContain('rt.')
  }
})

test('an app that signed out offline tells the service when it starts next, not whenever somebody asks for a token', async () => {
  const { service, start } = await startApp()
  const app = start()
  await app.login(ADA)
  service.fail('/auth/logout', 'answer lost')
  await expect(app.logout()).rejects.toMatchObject({ code: 'UNREACHABLE' })
  const logouts = () => service.seen.filter(({ path }) => path === '/auth/logout')
  for (let call = 0; call < 3; call++) expect(await app.getAccessToken()).toBeNull()
  expect(logouts()).toHaveLength(1)

  expect(await start().getAccessToken()).toBeNull()
  await expect.poll(logouts).toHaveLength(2)
})
