import { expect, test } from 'vitest'
import { latchkey } from '../cli/run.ts'
import { Device } from '../faults/device.ts'
import { temporaryFolder } from '../support/folder.ts'
import { type Service, startService } from '../support/service.ts'
import { runSql } from '../support/stores/look.ts'
import { environmentOf, newStore } from '../support/stores/store.ts'
import { addOldSessions, metricOf, sessionCount } from './world.ts'

const REMOVED = 'latchkey_sessions_removed_total'
const DEVICES = 6
/** A node that was killed is waited for for ten seconds. */
const PATIENCE = { timeout: 40_000, interval: 200 }

test('of nodes that share a store one at a time removes what is old: each row once, while devices refresh on all of them', async () => {
  const store = await newStore()
  await addOldSessions(store, 1_200)
  const nodes = await Promise.all([1, 2, 3].map(() => startService(environmentOf(store))))
  const devices = await Promise.all(
    Array.from({ length: DEVICES }, (_, i) => Device.signUp((nodes[i % 3] as Service).url)),
  )
  let over = false
  const refreshing = devices.map(async (device) => {
    for (let i = 0; !over; i++) await device.refresh((nodes[i % 3] as Service).url)
  })
  await expect.poll(() => sessionCount(store), PATIENCE).toBe(DEVICES)
  over = true
  await Promise.all(refreshing)

  // A node counts when it has heard that the rows are gone.
  const removed = async () =>
    (await Promise.all(nodes.map((node) => metricOf(node, REMOVED)))).reduce((a, b) => a + b)
  await expect.poll(removed, PATIENCE).toBe(1_200)
  for (const device of devices) expect(await device.refresh((nodes[0] as Service).url)).toBe(true)
})

test('kill -9 of the node that is at it: another one goes on, and nothing is lost but what was to go', async () => {
  const store = await newStore()
  await addOldSessions(store, 1_500)
  const first = await startService(environmentOf(store))
  const device = await Device.signUp(first.url)
  await expect.poll(() => metricOf(first, REMOVED), PATIENCE).toBeGreaterThan(200)
  await first.kill()
  const left = await sessionCount(store)
  expect(left).toBeGreaterThan(1)

  const second = await startService(environmentOf(store))
  await expect.poll(() => sessionCount(store), PATIENCE).toBe(1)
  // What the killed node had sent to PostgreSQL is done there all the same.
  const removed = await metricOf(second, REMOVED)
  expect(removed).toBeGreaterThan(0)
  expect(removed).toBeLessThanOrEqual(left - 1)
  expect(await device.refresh(second.url)).toBe(true)
})

test('a node that is stopped in good order hands over: the next one goes on where it was', async () => {
  const store = await newStore()
  await addOldSessions(store, 1_500)
  const first = await startService(environmentOf(store))
  await expect.poll(() => metricOf(first, REMOVED), PATIENCE).toBeGreaterThan(200)
  expect(await first.stop()).toBe(0)
  const [plan] = await runSql(store, "select cursor, due_at from upkeep where task = 'sessions'")
  expect(Number(plan?.due_at), 'it is due at once').toBeLessThanOrEqual(Date.now())
  expect(plan?.cursor, 'from where it stood').toMatch(/^\d+ [1-9]\d* [1-9]\d* [1-9a-f]/)
  await startService(environmentOf(store))
  await expect.poll(() => sessionCount(store), PATIENCE).toBe(0)
})

test('a service without upkeep leaves all as it is; two commands that remove it at once remove each row once', async () => {
  const shared = { ...environmentOf(await newStore()), LATCHKEY_UPKEEP: 'off' }
  const workingFolder = temporaryFolder()
  const service = await startService(shared)
  const device = await Device.signUp(service.url)
  await addOldSessions(service.store, 1_200)

  const dry = await latchkey(['gc', '--dry-run', '--json'], { environment: shared, workingFolder })
  expect(dry).toMatchObject({ code: 0, stderr: '' })
  expect(JSON.parse(dry.stdout)).toMatchObject({ sessions: 1_201, removable: 1_200, method: 'counted' })
  expect(await sessionCount(service.store)).toBe(1_201)

  const both = await Promise.all(
    [1, 2].map(() => latchkey(['gc', '--json'], { environment: shared, workingFolder })),
  )
  expect(both).toMatchObject(both.map(() => ({ code: 0, stderr: '' })))
  const removed = both.map(({ stdout }) => JSON.parse(stdout).removed as number)
  expect(removed[0]! + removed[1]!).toBe(1_200)
  expect(await sessionCount(service.store)).toBe(1)
  expect(await device.refresh(service.url)).toBe(true)
})
