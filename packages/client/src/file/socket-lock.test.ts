import { readdirSync } from 'node:fs'
import { expect, test } from 'vitest'
import { takePipeLock } from './pipe-lock.ts'
import { takeSocketLock } from './socket-lock.ts'
import { privateFolder } from './testing/folder.ts'

test('a lock that is held is had as soon as it is released', async () => {
  const folder = privateFolder()
  const first = await takeSocketLock(folder, 'turn', 10_000)
  const second = takeSocketLock(folder, 'turn', 10_000)
  await expect(Promise.race([second, aMoment()])).resolves.toBe('a moment')

  const released = performance.now()
  first?.release()
  expect(await (await second)?.isLost()).toBe(false)
  expect(await first?.isLost()).toBe(false)
  expect(performance.now() - released).toBeLessThan(2000)
})

test('locks of different names have nothing to do with each other', async () => {
  const folder = privateFolder()
  const holds = [await takeSocketLock(folder, 'turn', 10_000), await takeSocketLock(folder, 'write', 10_000)]
  for (const hold of holds) expect(await hold?.isLost()).toBe(false)
  for (const hold of holds) hold?.release()
})

test('from a holder that has it for the whole wait it is taken, by one alone, and the others wait for that one', async () => {
  const folder = privateFolder()
  const frozen = await takeSocketLock(folder, 'turn', 10_000)
  const takers = await Promise.all([1, 2, 3].map(() => takeSocketLock(folder, 'turn', 300)))

  const holds = takers.filter((hold) => hold !== null)
  expect(holds).toHaveLength(1)
  expect(await frozen?.isLost()).toBe(true)
  expect(await holds[0]?.isLost()).toBe(false)
  frozen?.release()
  expect(await holds[0]?.isLost()).toBe(false)
  const next = takeSocketLock(folder, 'turn', 10_000)
  await expect(Promise.race([next, aMoment()])).resolves.toBe('a moment')
  holds[0]?.release()
  expect(await (await next)?.isLost()).toBe(false)
})

test('however often it is taken, one socket stays behind', async () => {
  const folder = privateFolder()
  for (let times = 0; times < 12; times++) (await takeSocketLock(folder, 'turn', 10_000))?.release()
  expect(readdirSync(folder)).toEqual(['turn.12'])
})

test('a lock that is a name alone is had by one at a time, and given up on after the wait', async (context) => {
  context.skip(process.platform !== 'linux', 'only Windows and Linux have sockets that are a name alone')
  const name = `\0latchkey-test-${process.pid}-${performance.now()}`
  const first = await takePipeLock(name, 10_000)
  expect(await takePipeLock(name, 200)).toBeNull()
  const second = takePipeLock(name, 10_000)
  await expect(Promise.race([second, aMoment()])).resolves.toBe('a moment')
  first?.release()
  expect(await (await second)?.isLost()).toBe(false)
  ;(await second)?.release()
})

function aMoment(): Promise<string> {
  return new Promise((resolve) => setTimeout(resolve, 100, 'a moment'))
}
