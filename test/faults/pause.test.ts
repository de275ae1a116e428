import { setTimeout as delay } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { answerOf, open } from '../http/raw.ts'
import { expectAlive, newKey } from '../refresh/client.ts'
import { over, rawRefresh, signUpAt } from '../refresh/over-http.ts'
import { type Service, startService } from '../support/service.ts'
import { environmentOf, newStore } from '../support/stores/store.ts'
import { Device } from './device.ts'

const PAUSES = 3
/** Longer than a device waits for its answer. */
const PAUSE_MS = 1_100

test('a process that is stopped in the middle of refreshes and goes on later takes nobody for a thief (CK-07)', async () => {
  const shared = {
    ...environmentOf(await newStore()),
    LATCHKEY_URL: 'http://localhost:4000',
  }
  const [sleepy, awake] = (await Promise.all([startService(shared), startService(shared)])) as [
    Service,
    Service,
  ]
  const devices = await Promise.all(Array.from({ length: 16 }, () => Device.signUp(sleepy.url)))
  let over = false
  const refreshing = devices.map(async (device) => {
    // Whoever gets no answer from the one asks the other, with the same key.
    for (let i = 0; !over; i++) await device.refresh((i % 2 === 0 ? sleepy : awake).url)
  })
  for (let i = 0; i < PAUSES; i++) {
    await delay(Math.random() * 100)
    sleepy.process.kill('SIGSTOP')
    await delay(PAUSE_MS)
    sleepy.process.kill('SIGCONT')
  }
  over = true
  await Promise.all(refreshing)
  for (const device of devices) expect(await device.refresh(sleepy.url)).toBe(true)
})

test('a refresh that is under way when its process is stopped is answered when it goes on (CK-07)', async () => {
  const { url, process: service } = await startService()
  const { refreshToken } = await signUpAt(url, 'native')
  const socket = await open(url)
  const answer = answerOf(socket)
  const { head, body } = rawRefresh(url, refreshToken, newKey(), 'Expect: 100-continue')
  const theServerHasRead = new Promise((resolve) => socket.once('data', resolve))
  socket.write(head)
  await theServerHasRead
  service.kill('SIGSTOP')
  socket.write(body)
  service.kill('SIGCONT')
  const { status, body: text } = await answer
  expect(status).toBe(200)
  await expectAlive(over(url), 'native', JSON.parse(text).refreshToken)
})
