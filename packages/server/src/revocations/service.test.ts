import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { RevocationService } from './service.ts'
import { anEntry, MemoryLog, NOW } from './testing/entries.ts'

beforeEach(
  () => void vi.useFakeTimers({ toFake: ['setInterval', 'setTimeout', 'clearInterval', 'clearTimeout'] }),
)
afterEach(() => void vi.useRealTimers())

const SUBSCRIPTION = { serviceId: 'svc_a', lastEventId: null, connection: undefined }

async function aService() {
  const log = new MemoryLog()
  const clock = { now: NOW, elapsed: 0 }
  const world = { log, clock, registered: new Set(['svc_a']), dropped: 0 }
  const service = new RevocationService({
    store: log,
    now: () => clock.now,
    elapsed: () => clock.elapsed,
    registered: async () => world.registered,
    onPublished: () => {},
    onReadersDropped: (count) => {
      world.dropped += count
    },
  })
  await service.start()
  return Object.assign(world, { service })
}

/** Reads until the feed is current, and gives what comes after that, chunk by chunk. */
async function currentReader(service: RevocationService) {
  const reader = (await service.openFeed(SUBSCRIPTION)).getReader()
  const next = async () => {
    const { value, done } = await reader.read()
    return done ? 'the end' : Buffer.from(value).toString()
  }
  while (!(await next()).includes('event: current'));
  return next
}

test('what another process has revoked is refused here as soon as the store says that there is news', async () => {
  const { log, service } = await aService()
  const entry = anEntry()
  await log.append(entry)
  expect(service.isRevoked({ sid: entry.subject })).toBe(false)
  log.announce()
  await expect.poll(() => service.isRevoked({ sid: entry.subject })).toBe(true)
  expect(service.isRevoked({ jti: entry.subject })).toBe(false)
  expect(service.isRevoked({})).toBe(false)
})

test('a reader has a sign of life every five seconds', async () => {
  const { service } = await aService()
  const next = await currentReader(service)
  for (let i = 0; i < 3; i++) {
    const beat = next()
    await vi.advanceTimersByTimeAsync(4_999)
    const early = await Promise.race([beat, Promise.resolve('none yet')])
    expect(early).toBe('none yet')
    await vi.advanceTimersByTimeAsync(1)
    expect(await beat).toBe(': beat\n\n')
  }
})

test('while the store is away there is no sign of life, since nobody knows what was revoked; within a second after that it is caught up with', async () => {
  const { log, service } = await aService()
  const next = await currentReader(service)
  const entry = anEntry()
  await log.append(entry)
  log.isAway = true
  log.announce()
  const news = next()
  await vi.advanceTimersByTimeAsync(60_000)
  expect(await Promise.race([news, Promise.resolve('nothing')])).toBe('nothing')
  await expect(service.openFeed(SUBSCRIPTION)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })

  log.isAway = false
  await vi.advanceTimersByTimeAsync(1_000)
  expect(await news).toContain(entry.subject)
  expect(service.isRevoked({ sid: entry.subject })).toBe(true)
})

test('a store that is away is asked less and less often, down to once a second, however much it claims to have news', async () => {
  const { log, service } = await aService()
  log.isAway = true
  const { reads } = log
  for (let i = 0; i < 1_200; i++) {
    log.announce()
    await vi.advanceTimersByTimeAsync(50)
  }
  expect(log.reads - reads).toBeGreaterThan(12)
  expect(log.reads - reads).toBeLessThan(80)
  service.close()
})

test('one access token is refused at once, once, and until it has run out on every clock', async () => {
  const { clock, log, service } = await aService()
  const token = { jti: 'a-token', expiresAt: NOW + 300_000 }
  await Promise.all([service.revokeToken(token, NOW)])
  expect(service.isRevoked({ jti: 'a-token' })).toBe(true)
  await service.revokeToken(token, NOW + 1)
  expect(log.entries).toMatchObject([{ kind: 'jti', revokedAt: NOW, expiresAt: NOW + 660_000 }])

  await service.revokeToken({ jti: 'long-over', expiresAt: NOW - 360_000 }, NOW)
  expect(log.entries).toHaveLength(1)

  Object.assign(clock, { now: NOW + 660_000, elapsed: 660_000 })
  await vi.advanceTimersByTimeAsync(10_000)
  expect(service.isRevoked({ jti: 'a-token' })).toBe(false)
})

test('what has expired leaves the memory and the store, and a start does not read it again (LO-15)', async () => {
  const { clock, log, service } = await aService()
  for (let i = 0; i < 1_200; i++) await log.append(anEntry({ expiresAt: NOW + 1_000 }))
  const stays = anEntry({ expiresAt: NOW + 60_000 })
  await log.append(stays)
  log.announce()
  await expect.poll(() => service.isRevoked({ sid: stays.subject })).toBe(true)
  Object.assign(clock, { now: NOW + 1_000, elapsed: 1_000 })
  const [gone] = log.entries
  await vi.advanceTimersByTimeAsync(10_000)
  await expect.poll(() => log.entries.length).toBe(1)
  expect(service.isRevoked({ sid: gone!.subject })).toBe(false)
  expect(service.isRevoked({ sid: stays.subject })).toBe(true)
})

test('a clock that is set an hour ahead and back again lets nothing be forgotten, in memory or in the store (CK-03, LO-15)', async () => {
  const { clock, log, service } = await aService()
  await service.revokeToken({ jti: 'a-token', expiresAt: NOW + 300_000 }, NOW)
  clock.now = NOW + 3_600_000
  await vi.advanceTimersByTimeAsync(10_000)
  clock.now = NOW + 1_000
  expect(service.isRevoked({ jti: 'a-token' })).toBe(true)
  expect(log.entries).toHaveLength(1)

  Object.assign(clock, { now: NOW + 660_000, elapsed: 660_000 })
  await vi.advanceTimersByTimeAsync(10_000)
  expect(service.isRevoked({ jti: 'a-token' })).toBe(false)
  expect(log.entries).toEqual([])
})

test('the readers of a service that was removed are ended at the next beat', async () => {
  const world = await aService()
  const next = await currentReader(world.service)
  const end = next()
  world.registered.clear()
  await vi.advanceTimersByTimeAsync(5_000)
  expect(await end).toBe('the end')
  expect(world.service.readers).toBe(0)
})

test('a reader that takes nothing is given up within a quarter of a minute, and is counted', async () => {
  const world = await aService()
  await world.service.openFeed(SUBSCRIPTION)
  await vi.advanceTimersByTimeAsync(15_000)
  expect([world.service.readers, world.dropped]).toEqual([0, 1])
})

test('ten thousand readers are taken, and then none until one has gone', async () => {
  const { service } = await aService()
  const [first] = await Promise.all(Array.from({ length: 10_000 }, () => service.openFeed(SUBSCRIPTION)))
  await expect(service.openFeed(SUBSCRIPTION)).rejects.toMatchObject({
    code: 'OVERLOADED',
    retryAfterSeconds: expect.any(Number),
  })
  await first?.cancel()
  await service.openFeed(SUBSCRIPTION)
})

test('when the feeds are ended every reader is told so at once, and none is taken any more', async () => {
  const { log, service } = await aService()
  const next = await currentReader(service)
  const end = next()
  service.endFeeds()
  expect(await end).toBe('the end')
  await expect(service.openFeed(SUBSCRIPTION)).rejects.toMatchObject({ code: 'OVERLOADED' })
  await service.revokeToken({ jti: 'still', expiresAt: NOW + 1_000 }, NOW)
  expect([service.isRevoked({ jti: 'still' }), log.entries.length]).toEqual([true, 1])
})
