import { copyFileSync, existsSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { expect, test } from 'vitest'
import { temporaryFolder } from '../support/auth.ts'
import { type Service, startService } from '../support/service.ts'
import { fileOf } from '../support/stores/store.ts'
import { Device } from './device.ts'
import { aRandomWhile } from './kills.ts'

// As part of all tests it kills for a while. So many kills as it shall survive, alone:
//   LATCHKEY_KILLS=50 npm test -- test/faults/kill.test.ts

const DEVICES = 32
const WHILE_MS = 8_000
const LEAST_KILLS = 3
const WANTED = process.env.LATCHKEY_KILLS === undefined ? undefined : Number(process.env.LATCHKEY_KILLS)
const TIMEOUT_MS = 60_000 + (WANTED ?? 0) * 5_000

test(`kill -9 at random instants under ${DEVICES} devices that refresh: no acknowledged rotation is lost, no session is forked, nobody signs in again (SO-04)`, {
  timeout: TIMEOUT_MS,
}, async () => {
  const shared = sharedFile()
  let service = await startService(shared)
  const devices = await Promise.all(Array.from({ length: DEVICES }, () => Device.signUp(service.url)))
  const until = killsOrTime()
  let kills = 0
  let unanswered = 0

  while (until(kills)) {
    const refreshing = devices.map((device) => refreshWhileItAnswers(device, service.url))
    await aRandomWhile()
    await service.kill()
    kills++
    await Promise.all(refreshing)
    unanswered += examine(copyOf(fileOf(service.store)), devices)
    service = await startService(shared)
  }

  for (const device of devices) expect(await device.refresh(service.url)).toBe(true)
  expect(await service.stop()).toBe(0)
  examine(fileOf(service.store), devices)
  expect(kills).toBeGreaterThanOrEqual(LEAST_KILLS)
  report(
    kills,
    devices,
    `${unanswered} rotations that nobody had heard of were answered again after the restart`,
  )
})

test('kill -9 of one process after the other, of two that share a file: the one that is left goes on, and the devices with it', {
  timeout: TIMEOUT_MS,
}, async () => {
  const shared = sharedFile()
  const services = await Promise.all([startService(shared), startService(shared)])
  const devices = await Promise.all(Array.from({ length: DEVICES }, () => Device.signUp(services[0].url)))
  const until = killsOrTime(WHILE_MS / 3)
  let stopped = false
  const refreshing = devices.map(async (device) => {
    for (let i = 0; !stopped; i++) await device.refresh((services[i % 2] as Service).url)
  })
  let kills = 0
  const killing = async () => {
    for (; until(kills) && !stopped; kills++) {
      await aRandomWhile()
      await (services[kills % 2] as Service).kill()
      services[kills % 2] = await startService(shared)
    }
  }
  await Promise.race([Promise.all(refreshing), killing()]).finally(() => {
    stopped = true
  })
  await Promise.all(refreshing)

  for (const device of devices) expect(await device.refresh(services[0].url)).toBe(true)
  for (const service of services) expect(await service.stop()).toBe(0)
  examine(fileOf(services[0].store), devices)
  expect(kills).toBeGreaterThanOrEqual(LEAST_KILLS - 1)
  report(kills, devices, 'one of two processes at a time')
})

async function refreshWhileItAnswers(device: Device, url: string): Promise<void> {
  while (await device.refresh(url));
}

/**
 * Looks into a file that no process has open: it is whole, and each session stands where its device does, or one step
 * further where the answer was lost. Returns how many answers were.
 */
function examine(path: string, devices: readonly Device[]): number {
  const database = new DatabaseSync(path)
  try {
    expect(database.prepare('pragma integrity_check').all()).toEqual([{ integrity_check: 'ok' }])
    const rows = database.prepare('select lower(hex(id)) as id, generation, ended_at from sessions').all()
    expect(rows).toHaveLength(devices.length)
    const byId = new Map(rows.map((row) => [row.id, row]))
    const ahead = devices.map(({ sessionId, generation }) => {
      const row = byId.get(sessionId.replaceAll('-', ''))
      expect(row?.ended_at, 'nobody was taken for a thief').toBeNull()
      return (row?.generation as number) - generation
    })
    for (const steps of ahead) expect(steps, 'what was acknowledged is there').toBeOneOf([0, 1])
    return ahead.filter((steps) => steps === 1).length
  } finally {
    database.close()
  }
}

/** A copy to look into, so that it is the service itself that repairs the file. */
function copyOf(path: string): string {
  const copy = `${temporaryFolder()}/latchkey.db`
  for (const suffix of ['', '-wal']) if (existsSync(path + suffix)) copyFileSync(path + suffix, copy + suffix)
  return copy
}

function sharedFile(): Record<string, string> {
  return {
    LATCHKEY_DATABASE_URL: `sqlite:${temporaryFolder()}/latchkey.db`,
    LATCHKEY_URL: 'http://localhost:4000',
  }
}

/** Whether to go on: up to the number that was asked for, or for a while. */
function killsOrTime(milliseconds = WHILE_MS): (kills: number) => boolean {
  const end = performance.now() + milliseconds
  return (kills) => (WANTED === undefined ? kills < LEAST_KILLS || performance.now() < end : kills < WANTED)
}

function report(kills: number, devices: readonly Device[], what: string): void {
  const refreshes = devices.reduce((sum, { acknowledged }) => sum + acknowledged, 0)
  process.stdout.write(`${kills} kills, ${refreshes} acknowledged refreshes, all kept; ${what}\n`)
}
