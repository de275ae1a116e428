import { readdirSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileStorage } from '@latchkey/client/file'
import { expect, test } from 'vitest'
import { temporaryFolder } from '../support/auth.ts'
import { startWorker, startWorkerOnFullDisk, type Worker } from './processes.ts'

/** As often as you say: LATCHKEY_KILLS=500 npm test -- test/file-storage */
const KILLS = Number(process.env.LATCHKEY_KILLS ?? 20)
const TIMEOUT_MS = 60_000 + KILLS * 2000
/** On a busy machine; less than the ten seconds that a frozen process is waited for. */
const AT_ONCE_MS = 8000

for (const [how, verb] of [
  ['in turns', 'count'],
  ['at any time, each in one step', 'change'],
] as const) {
  test(`20 processes that add to one number ${how} lose nothing`, async () => {
    const path = join(temporaryFolder(), 'session.json')
    const workers = Array.from({ length: 20 }, () => startWorker(verb, path, '10'))
    await Promise.all(workers.map(({ ended }) => ended))

    expect(workers.flatMap(({ lines }) => lines)).toEqual([])
    expect(await fileStorage({ path }).getItem('number')).toBe('200')
  })
}

test('the turn of a process that is killed is over at once', async () => {
  const path = join(temporaryFolder(), 'session.json')
  const { shared } = fileStorage({ path })
  const holder = startWorker('hold', path)
  await holder.says('in')
  const turn = shared.exclusive(async () => performance.now())
  await expect(Promise.race([turn, delay(200, 'still waiting')])).resolves.toBe('still waiting')

  const killedAt = performance.now()
  holder.process.kill('SIGKILL')
  expect((await turn) - killedAt).toBeLessThan(AT_ONCE_MS)
})

test('so it is when the process was frozen first', async () => {
  const path = join(temporaryFolder(), 'session.json')
  const holder = startWorker('hold', path)
  await holder.says('in')
  holder.process.kill('SIGSTOP')
  const turn = fileStorage({ path }).shared.exclusive(async () => performance.now())
  await delay(100)

  const killedAt = performance.now()
  holder.process.kill('SIGKILL')
  expect((await turn) - killedAt).toBeLessThan(AT_ONCE_MS)
})

test('a frozen process is waited for once, and no longer than agreed; when it wakes it finds what was changed', async () => {
  const path = join(temporaryFolder(), 'session.json')
  const storage = fileStorage({ path, waitSeconds: 4 })
  const frozen = startWorker('hold', path)
  await frozen.says('in')
  frozen.process.kill('SIGSTOP')

  const startedAt = performance.now()
  await storage.shared.exclusive(async () => storage.setItem('writer', 'the one that went on'))
  const waited = performance.now() - startedAt
  expect(waited).toBeGreaterThan(3990)
  expect(waited).toBeLessThan(4000 + AT_ONCE_MS)

  const again = performance.now()
  await storage.shared.exclusive(async () => undefined)
  expect(performance.now() - again).toBeLessThan(3500)

  frozen.process.kill('SIGCONT')
  frozen.process.stdin!.write('go on\n')
  await frozen.ended
  expect(frozen.lines).toEqual(['in', 'done'])
  expect(await storage.getItem('writer')).toBe('the one that went on')
})

test(`of processes that take turns while ${KILLS} are killed, no two are ever in at once`, {
  timeout: TIMEOUT_MS,
}, async () => {
  const path = join(temporaryFolder(), 'session.json')
  const port = String(await freePort())
  const visitors = Array.from({ length: 5 }, () => startWorker('visit', path, port))
  const seen: Worker[] = [...visitors]
  for (let kills = 0; kills < KILLS; kills++) {
    const [victim] = visitors.splice(Math.floor(Math.random() * visitors.length), 1) as [Worker]
    await victim.says('in')
    await delay(Math.random() * 30)
    await victim.kill()
    const next = startWorker('visit', path, port)
    visitors.push(next)
    seen.push(next)
  }
  for (const visitor of visitors) await visitor.says('in')

  expect(seen.flatMap(({ lines }) => lines).filter((line) => line !== 'in')).toEqual([])
})

test(`a process that is killed while it writes, ${KILLS} times, leaves what it said to stand, or newer, and whole`, {
  timeout: TIMEOUT_MS,
}, async () => {
  const folder = temporaryFolder()
  const path = join(folder, 'session.json')
  const storage = fileStorage({ path })
  await storage.setItem('kept', 'from before')
  let number = 0
  for (let kills = 0; kills < KILLS; kills++) {
    const writer = startWorker('write', path, String(number + 1))
    await writer.says()
    await delay(Math.random() * 20)
    await writer.kill()

    const [found, dots] = (await storage.getItem('number'))!.split(' ') as [string, string]
    expect(Number(found)).toBeGreaterThanOrEqual(Number(writer.lines.at(-1)))
    expect(dots).toHaveLength(100_000)
    expect(await storage.getItem('kept')).toBe('from before')
    number = Number(found)
  }
  await storage.removeItem('number')
  expect(readdirSync(folder).sort()).toEqual(['session.json', 'session.json.lock'])
})

test('on a disk that is full the change is refused, and what was stored before still is', async () => {
  const folder = temporaryFolder()
  const path = join(folder, 'session.json')
  const storage = fileStorage({ path })
  await storage.setItem('kept', 'from before')
  const fits = startWorkerOnFullDisk(100, 'fill', path, '1000')
  const tooLong = startWorkerOnFullDisk(100, 'fill', path, '100000')
  await Promise.all([fits.ended, tooLong.ended])

  expect(fits.lines).toEqual(['written'])
  expect(tooLong.lines).toEqual(['NOT_WRITTEN'])
  expect(await storage.getItem('kept')).toBe('from before')
  expect(await storage.getItem('long')).toHaveLength(1000)
  expect(readdirSync(folder).sort()).toEqual(['session.json', 'session.json.lock'])
})

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  await new Promise((resolve) => server.close(resolve))
  return port
}
