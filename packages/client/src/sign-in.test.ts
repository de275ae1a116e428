import { expect, test } from 'vitest'
import { storedRecords } from './record.ts'
import { ADA, BOB, RECORD, startBrowser } from './testing/browser.ts'
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

test('a sign-in that another one overtook while it waited for its turn is not sent', async () => {
  const service = await startContractService()
  const browser = startBrowser(service)
  const [first, second] = [browser.openTab(), browser.openTab()]
  const answer = Promise.withResolvers<void>()
  service.fail('/auth/login', { heldBy: answer.promise })
  const bob = first.login(BOB)
  await expect.poll(() => service.seen).toHaveLength(1)
  const turn = Promise.withResolvers<void>()
  const taken = browser.lock(() => turn.promise)
  const overtaken = expect(second.login(ADA)).rejects.toMatchObject({ code: 'OVERTAKEN' })

  answer.resolve()
  await bob
  await expect.poll(() => second.user?.email).toBe(BOB.email)
  turn.resolve()
  await Promise.all([taken, overtaken])
  expect(service.seen).toHaveLength(1)
  await second.refresh()
  expect(second.user?.email).toBe(BOB.email)
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
  const storage = {
    ...browser.storage,
    setItem(key: string, value: string) {
      written.push(value)
      return browser.storage.setItem(key, value)
    },
  }
  const client = browser.openTab({}, { records: storedRecords(storage, RECORD) })
  await client.login(ADA)
  await client.refresh()
  await client.logout()
  expect(written.length).toBeGreaterThan(2)
  expect(written.join()).not.toMatch(/[ar]t\.0/)
})
