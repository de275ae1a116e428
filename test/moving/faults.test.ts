import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import { LATCHKEY } from '../cli/run.ts'
import { Device } from '../faults/device.ts'
import { serviceEnvironment } from '../support/service.ts'
import { fill, newPlace, type Place, startTargets, targets } from './world.ts'

startTargets()

const DEVICES = 8
const FILLERS = 20_000

function startMove(place: Place) {
  const child = spawn(LATCHKEY, ['move', '--to', place.to], {
    env: serviceEnvironment(place.environment),
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let stderr = ''
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  return { child, ended: once(child, 'exit').then(([code]) => ({ code: code as number | null, stderr })) }
}

/** Resolves when the command copies rows: it holds the tables of the database then. */
async function untilItCopies(place: Place): Promise<void> {
  const query = `select 1 from pg_locks l join pg_database d on d.oid = l.database
    where d.datname = $1 and l.mode = 'AccessExclusiveLock' and l.relation = to_regclass('sessions')`
  await expect
    .poll(() => place.inPostgres(query, [new URL(place.to).pathname.slice(1)]), {
      timeout: 30_000,
      interval: 5,
    })
    .not.toEqual([])
}

test('while a running service is moved from, its devices wait and lose nothing: they go on with the one on PostgreSQL', async () => {
  const place = await newPlace()
  const before = await place.onFile()
  const devices = await Promise.all(Array.from({ length: DEVICES }, () => Device.signUp(before.url)))
  fill(place, FILLERS)
  let moved = false
  const refreshing = devices.map(async (device) => {
    while (!moved) await device.refresh(before.url)
  })
  const move = startMove(place)
  const { code, stderr } = await move.ended
  moved = true
  await Promise.all(refreshing)
  expect([code, stderr]).toEqual([0, ''])
  for (const device of devices) expect(await device.refresh(before.url), 'the old one refuses').toBe(false)

  const after = await place.onPostgres()
  for (const device of devices) {
    expect(device.acknowledged).toBeGreaterThan(0)
    expect(await device.refresh(after.url)).toBe(true)
    expect(await device.refresh(after.url)).toBe(true)
  }
}, 120_000)

test('kill -9 of a move leaves the file in use and the database empty, or all of it there; the same command ends it', async () => {
  const place = await newPlace()
  await (await place.onFile()).stop()
  fill(place, FILLERS)
  const count = async () => Number((await place.inPostgres('select count(*) as n from sessions'))[0]?.n)
  for (const wait of [0, 100, 300]) {
    const { child, ended } = startMove(place)
    await untilItCopies(place)
    await delay(wait)
    child.kill('SIGKILL')
    await ended
    if (place.inFile("select 1 from sqlite_master where name = 'moved'").length > 0) break
    expect(await count()).toBe(0)
    const service = await place.onFile()
    const device = await Device.signUp(service.url)
    expect(await device.refresh(service.url)).toBe(true)
    await service.stop()
  }
  const sessions = place.inFile('select count(*) as n from sessions')[0]?.n
  expect((await startMove(place).ended).code).toBe(0)
  expect(await count()).toBe(sessions)
  expect(place.inFile('select state from moved')).toEqual([{ state: 'done' }])
}, 120_000)

test('a server that goes away in the middle leaves the file as it was, and the command says so', async () => {
  const place = await newPlace()
  await (await place.onFile()).stop()
  fill(place, FILLERS)
  const { ended } = startMove(place)
  await untilItCopies(place)
  await targets().process.kill()
  const { code, stderr } = await ended
  expect([code, stderr]).toEqual([1, expect.stringMatching(/^latchkey: the session store does not answer/)])
  await targets().process.start()
  expect(await place.inPostgres('select count(*)::int as n from sessions')).toEqual([{ n: 0 }])
  const service = await place.onFile()
  const device = await Device.signUp(service.url)
  expect((await startMove(place).ended).code).toBe(0)
  const after = await place.onPostgres()
  expect(await device.refresh(after.url)).toBe(true)
}, 120_000)
