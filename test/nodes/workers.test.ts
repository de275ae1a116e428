import { once } from 'node:events'
import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { freePort } from '../../packages/server/src/stores/testing/servers/free-port.ts'
import { latchkey } from '../cli/run.ts'
import { answerOf, beginSignUp, open, sendRaw, untilRefused } from '../http/raw.ts'
import { expectAlive, refreshTimes } from '../refresh/client.ts'
import { over, rawRefresh, signUpAt } from '../refresh/over-http.ts'
import { PASSWORD } from '../support/auth.ts'
import { temporaryFolder } from '../support/folder.ts'
import { Fleet, newPlace, Person, publishedKids } from './nodes.ts'
import { isAlive, metricOf, startWorkers } from './workers.ts'

const TIMEOUT_MS = 120_000
/** What is promised is a second. */
const PROMISED_MS = 1_000
const REFRESHES = 'latchkey_refreshes_total{outcome="ok"}'

test('workers that start on an empty store serve one port as one service, and say once where', {
  timeout: TIMEOUT_MS,
}, async () => {
  const node = await startWorkers(3, await newPlace())
  expect(node.workers()).toHaveLength(3)
  expect(node.stdout().match(/Latchkey listens on/g)).toHaveLength(1)
  expect(node.stderr().match(/"key.created"/g), 'one key, made by one of them').toHaveLength(2)
  const answers = await Promise.all(Array.from({ length: 9 }, () => publishedKids(node.url)))
  expect(new Set(answers.flat()).size).toBe(1)
  expect((await fetch(`${node.url}/readyz`)).status).toBe(200)
})

test('kill -9 of one worker after the other: each is replaced, and nobody who refreshes meanwhile is refused', {
  timeout: TIMEOUT_MS,
}, async () => {
  const node = await startWorkers(2, await newPlace())
  const people = await Promise.all(Array.from({ length: 4 }, () => Person.arrive(new Fleet([node]))))
  for (let i = 0; i < 4; i++) {
    const [victim] = node.workers()
    process.kill(victim!, 'SIGKILL')
    const replaced = () => node.workers().filter((pid) => pid !== victim).length
    await expect.poll(replaced, { timeout: 20_000 }).toBe(2)
    const before = people.map(({ refreshed }) => refreshed)
    const leastProgress = () => Math.min(...people.map(({ refreshed }, j) => refreshed - before[j]!))
    await expect.poll(leastProgress, { timeout: 20_000 }).toBeGreaterThanOrEqual(2)
  }
  for (const person of people) await person.leave()
  expect(people.flatMap(({ refusals }) => refusals)).toEqual([])
})

test('all workers killed at once come back on the port that was free at the start', {
  timeout: TIMEOUT_MS,
}, async () => {
  const node = await startWorkers(2, await newPlace())
  const { refreshToken } = await signUpAt(node.url, 'native')
  for (const pid of node.workers()) process.kill(pid, 'SIGKILL')
  const ready = () =>
    fetch(`${node.url}/readyz`).then(
      ({ status }) => status,
      () => null,
    )
  await expect.poll(ready, { timeout: 20_000 }).toBe(200)
  await expectAlive(over(node.url), 'native', refreshToken)
  await expect.poll(() => node.workers().length, { timeout: 20_000 }).toBe(2)
})

test('kill -9 of the process that looks after them ends the workers too: nothing keeps the port', {
  timeout: TIMEOUT_MS,
}, async () => {
  const node = await startWorkers(2, await newPlace())
  const workers = node.workers()
  process.kill(node.process.pid!, 'SIGKILL')
  await expect.poll(() => workers.filter(isAlive), { timeout: 10_000 }).toEqual([])
  await untilRefused(node.url)
})

for (const [name, how] of [
  ['SIGTERM to the node', 'SIGTERM'],
  ['Ctrl-C, which every process of the terminal hears', 'group SIGINT'],
] as const) {
  test(`${name}: what is under way is answered, nothing new is taken, and it ends with 0, once`, {
    timeout: TIMEOUT_MS,
  }, async () => {
    const node = await startWorkers(2, await newPlace())
    const workers = node.workers()
    const body = JSON.stringify({ email: 'ada@example.com', password: PASSWORD, client: 'native' })
    const underWay = await Promise.all([1, 2].map(() => beginSignUp(node.url, body.length)))
    if (how === 'SIGTERM') node.process.kill(how)
    else node.signalAll('SIGINT')
    await untilRefused(node.url)

    const answers = underWay.map((socket) => answerOf(socket))
    for (const socket of underWay) socket.write(body)
    expect((await Promise.all(answers)).map(({ status }) => status).toSorted()).toEqual([201, 409])
    const answeredAt = performance.now()
    expect(await node.ended).toBe(0)
    expect(performance.now() - answeredAt, 'and then it waits for nothing').toBeLessThan(3_000)
    expect(workers.filter(isAlive)).toEqual([])
    const lines = node
      .stderr()
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).msg)
    expect(lines.filter((message) => message === 'stopping')).toHaveLength(1)
  })
}

test('whichever worker is asked for the metrics, it shows the sums over all; they do not fall when a worker ends', {
  timeout: TIMEOUT_MS,
}, async () => {
  const node = await startWorkers(2, await newPlace())
  const sessions = await Promise.all(Array.from({ length: 6 }, () => signUpAt(node.url, 'native')))
  await Promise.all(sessions.map((session) => refreshTimes(over(node.url), session, 5)))
  const scrapes = await Promise.all(Array.from({ length: 6 }, () => metricOf(node.url, REFRESHES)))
  expect(scrapes).toEqual(scrapes.map(() => 30))
  const [victim] = node.workers()
  process.kill(victim!, 'SIGKILL')
  const replaced = () => node.workers().filter((pid) => pid !== victim).length
  await expect.poll(replaced, { timeout: 20_000 }).toBe(2)
  // While the new one is being started, nobody can say the sum.
  const after = () => Promise.all(Array.from({ length: 4 }, () => metricOf(node.url, REFRESHES)))
  await expect.poll(after, { timeout: 20_000 }).toEqual([30, 30, 30, 30])
})

test('a session that one worker has ended is over at all of them within a second (LO-01)', {
  timeout: TIMEOUT_MS,
}, async () => {
  const node = await startWorkers(2, await newPlace())
  for (let i = 0; i < 4; i++) {
    const { accessToken, refreshToken } = await signUpAt(node.url, 'native')
    await over(node.url).send('POST', '/auth/logout', { body: { refreshToken } })
    // Each on a connection of its own, so that both are asked.
    const ask = () =>
      fetch(`${node.url}/auth/me`, {
        headers: { authorization: `Bearer ${accessToken}`, connection: 'close' },
      })
    const statuses = async () => (await Promise.all([1, 2, 3, 4].map(ask))).map(({ status }) => status)
    await expect.poll(statuses, { timeout: PROMISED_MS, interval: 20 }).toEqual([401, 401, 401, 401])
  }
})

test('workers that end at once again and again end the whole, with a message, instead of being started for ever', {
  timeout: TIMEOUT_MS,
}, async () => {
  const broken = join(temporaryFolder(), 'broken')
  const config = `
    import cluster from 'node:cluster'
    import { existsSync } from 'node:fs'
    if (cluster.isWorker && existsSync(${JSON.stringify(broken)})) throw new Error('this cannot be loaded any more')
    export default {}`
  const node = await startWorkers(2, await newPlace(), { config })
  mkdirSync(broken)
  expect(existsSync(broken)).toBe(true)
  process.kill(node.workers()[0]!, 'SIGKILL')
  expect(await node.ended).toBe(1)
  expect(node.stderr()).toContain('this cannot be loaded any more')
  expect(node.stderr()).toMatch(/latchkey: \d+ workers in a row ended at once/)
  await untilRefused(node.url)
})

test('what keeps the first worker from serving is said once, and nothing is left running', {
  timeout: TIMEOUT_MS,
}, async () => {
  const place = await newPlace()
  const port = String(await freePort())
  const node = await startWorkers(2, { ...place, PORT: port })
  const second = await latchkey(['serve', '--workers', '2'], { environment: { ...place, PORT: port } })
  expect([second.code, second.stdout]).toEqual([1, ''])
  expect(second.stderr.match(/is taken by another program/g)).toHaveLength(1)
  expect((await fetch(`${node.url}/readyz`)).status).toBe(200)
})

test('a number of workers that is none is refused, and so are workers that rehearse', async () => {
  const [none, words, rehearsing] = await Promise.all([
    latchkey(['serve', '--workers', '0']),
    latchkey(['serve', '--workers', 'many']),
    latchkey(['serve', '--workers', '2', '--rehearse', 'delay=1s']),
  ])
  expect(none.stderr).toContain('--workers: must be auto, or a whole number from 1 to 256')
  expect(words.stderr).toContain('--workers: must be a whole number, or auto')
  expect(rehearsing.stderr).toContain('is for one process')
  for (const { code, stdout } of [none, words, rehearsing]) expect([code, stdout]).toEqual([1, ''])
})

test('two tabs that refresh at once without a key, each at another worker, are no theft: both get the same successor', {
  timeout: TIMEOUT_MS,
}, async () => {
  const node = await startWorkers(2, await newPlace())
  for (let i = 0; i < 6; i++) {
    const { refreshToken } = await signUpAt(node.url, 'native')
    // A connection for each: the workers take them in turn.
    const slow = await open(node.url)
    const { head, body } = rawRefresh(node.url, refreshToken, undefined, 'Expect: 100-continue')
    slow.write(head)
    await once(slow, 'data')
    const fast = await sendRaw(node.url, refreshWithoutKey(node.url, refreshToken))
    const late = answerOf(slow)
    slow.write(body)
    const { status, body: answered } = await late
    slow.destroy()
    expect([fast.status, status]).toEqual([200, 200])
    expect(JSON.parse(answered).refreshToken).toBe(JSON.parse(fast.body).refreshToken)
  }
})

function refreshWithoutKey(url: string, refreshToken: string): string {
  const { head, body } = rawRefresh(url, refreshToken, undefined)
  return head + body
}

test('a spent token that comes to another worker after the answer is reuse', {
  timeout: TIMEOUT_MS,
}, async () => {
  const node = await startWorkers(2, await newPlace())
  for (let i = 0; i < 4; i++) {
    const { refreshToken } = await signUpAt(node.url, 'native')
    const first = await sendRaw(node.url, refreshWithoutKey(node.url, refreshToken))
    const second = await sendRaw(node.url, refreshWithoutKey(node.url, refreshToken))
    expect([first.status, second.status, JSON.parse(second.body).error]).toEqual([200, 401, 'REFRESH_REUSED'])
  }
})
