import { expect, test } from 'vitest'
import { ADA, startBrowser } from './testing/browser.ts'
import { startContractService } from './testing/contract-service.ts'

test('signing up signs in, and the listener hears of it once', async () => {
  const client = startBrowser(await startContractService()).openTab()
  const changes: unknown[] = []
  const unsubscribe = client.subscribe(({ status, user }) => changes.push([status, user?.email]))
  await client.register(ADA)
  expect(changes).toEqual([['signed-in', ADA.email]])
  unsubscribe()
  await client.logout()
  expect(changes).toHaveLength(1)
})

test('a wrong password is refused with its code, once, and nobody is signed in', async () => {
  const service = await startContractService()
  const client = startBrowser(service).openTab()
  const refused = client.login({ email: ADA.email, password: 'wrong' })
  await expect(refused).rejects.toMatchObject({ code: 'INVALID_CREDENTIALS', status: 401 })
  expect(service.seen).toHaveLength(1)
  expect(client.status).toBe('unknown')
})

test('a sign-in is never repeated by itself', async () => {
  const service = await startContractService()
  service.fail('/auth/login', 'answer lost')
  await expect(startBrowser(service).openTab().login(ADA)).rejects.toMatchObject({ code: 'UNREACHABLE' })
  expect(service.seen).toHaveLength(1)
})

test('only what a sign-in needs is sent', async () => {
  const service = await startContractService()
  const form = { ...ADA, confirmPassword: ADA.password }
  await startBrowser(service).openTab().login(form)
  expect(JSON.parse(service.seen[0]?.body ?? '')).toEqual({ ...ADA, client: 'browser' })
})

test('nothing that is stored in a browser is a token', async () => {
  const service = await startContractService()
  const browser = startBrowser(service)
  const written: string[] = []
  const client = browser.openTab({
    storage: { ...browser.storage, setItem: (_, value) => void written.push(value) },
  })
  await client.login(ADA)
  await client.refresh()
  await client.logout()
  expect(written).toHaveLength(2)
  expect(written.join()).not.toMatch(/[ar]t\.0/)
})
