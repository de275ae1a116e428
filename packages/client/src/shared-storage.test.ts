import { expect, test } from 'vitest'
import { type Exclusive, inOrder } from './lock.ts'
import { type AuthClient, createAuthClient, memoryStorage } from './native.ts'
import type { TokenStorage } from './storage.ts'
import { ADA, alone } from './testing/browser.ts'
import { startContractService } from './testing/contract-service.ts'

/** Processes that share a storage and, without a lock, never manage to wait for each other. Tokens last so many seconds. */
async function startProcesses(count: number, expiresIn: number, exclusive: Exclusive = alone) {
  const service = await startContractService(expiresIn)
  const items = memoryStorage()
  const storage: TokenStorage = {
    // Whoever looks and then writes has the others come between.
    async getItem(key) {
      const found = items.getItem(key)
      await new Promise((resolve) => setTimeout(resolve, 5))
      return found
    },
    setItem: items.setItem,
    removeItem: items.removeItem,
    shared: {
      exclusive,
      async change(key, edit) {
        const next = edit(items.getItem(key) as string | null)
        if (next === null) items.removeItem(key)
        else items.setItem(key, next)
      },
      now: () => performance.now(),
    },
  }
  const start = () => createAuthClient({ baseUrl: service.url, storage })
  return { service, processes: Array.from({ length: count }, start) as [AuthClient, AuthClient] }
}

test('processes that could not wait for each other send the same key, and stay signed in', async () => {
  const { service, processes } = await startProcesses(5, 0)
  await processes[0].login(ADA)
  await Promise.all(processes.map((process) => process.refresh()))

  expect(new Set(service.refreshes().map(({ key }) => key)).size).toBe(1)
  expect(processes.map(({ status }) => status)).toEqual(Array(5).fill('signed-in'))
})

test('a sign-out in one process is never overwritten by the refresh of another', async () => {
  const { service, processes } = await startProcesses(2, 900)
  const [one, other] = processes
  await one.login(ADA)
  await other.getAccessToken()
  const answer = Promise.withResolvers<void>()
  service.fail('/auth/refresh', { heldBy: answer.promise })
  const refresh = other.refresh()
  await expect.poll(() => service.refreshes()).toHaveLength(1)
  service.fail('/auth/logout', { status: 503 })
  const signOut = one.logout()
  answer.resolve()
  await expect(signOut).rejects.toMatchObject({ status: 503 })
  await refresh

  await other.refresh()
  expect([one.status, other.status]).toEqual(['signed-out', 'signed-out'])
})

test('processes that take turns use a new key for each refresh', async () => {
  const { service, processes } = await startProcesses(5, 900, inOrder(Promise.resolve({ lock: alone })))
  await processes[0].login(ADA)
  for (let round = 0; round < 5; round++) {
    await Promise.all(processes.map((process) => process.getAccessToken()))
    await Promise.all(processes.map((process) => process.refresh()))
  }
  const keys = service.refreshes().map(({ key }) => key)
  expect(keys).toHaveLength(5)
  expect(new Set(keys).size).toBe(5)
})

test('a process that was frozen in mid-refresh never puts its older refresh token over a newer one', async () => {
  const { service, processes } = await startProcesses(2, 900)
  const [frozen, other] = processes
  await frozen.login(ADA)
  await other.getAccessToken()
  const answer = Promise.withResolvers<void>()
  service.fail('/auth/refresh', { heldBy: answer.promise })
  const late = frozen.refresh()
  await expect.poll(() => service.refreshes()).toHaveLength(1)
  for (let times = 0; times < 3; times++) await other.refresh()
  answer.resolve()
  await late

  for (let times = 0; times < 2; times++) await other.refresh()
  expect(other.status).toBe('signed-in')
})

test('a process that was signed out takes up the session that another one opens later', async () => {
  const { processes } = await startProcesses(2, 900)
  const [daemon, command] = processes
  expect(await daemon.getAccessToken()).toBeNull()
  await command.login(ADA)
  expect(await daemon.getAccessToken()).toBe(command.peek()?.accessToken)
})

test('a process that was held up between storing its key and sending it sends the token of the same step', async () => {
  const service = await startContractService()
  const items = memoryStorage()
  let meanwhile: (() => Promise<unknown>) | undefined
  const openStorage = (isHeldUp: boolean): TokenStorage => ({
    ...items,
    shared: {
      exclusive: alone,
      now: () => performance.now(),
      async change(key, edit) {
        const stored = items.getItem(key) as string | null
        if (isHeldUp && stored?.includes('"attempt"')) {
          const others = meanwhile
          meanwhile = undefined
          await others?.()
        }
        const next = edit(items.getItem(key) as string | null)
        if (next === null) items.removeItem(key)
        else items.setItem(key, next)
      },
    },
  })
  const [slow, other] = [true, false].map((isHeldUp) =>
    createAuthClient({ baseUrl: service.url, storage: openStorage(isHeldUp) }),
  ) as [AuthClient, AuthClient]
  await slow.login(ADA)
  await other.getAccessToken()
  meanwhile = () => other.refresh()
  await slow.refresh()
  expect(meanwhile).toBeUndefined()
  await other.refresh()
  await other.refresh()
  expect(other.state).toMatchObject({ status: 'signed-in' })
})
