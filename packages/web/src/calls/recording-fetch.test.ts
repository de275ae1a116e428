import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { createJournal } from './journal.ts'
import { createRecordingFetch } from './recording-fetch.ts'

async function startApi() {
  const bearers: (string | undefined)[] = []
  const server = createServer((request, response) => {
    bearers.push(request.headers.authorization)
    const isExpired = request.headers.authorization === 'Bearer expired'
    response.writeHead(isExpired ? 401 : 200, { 'content-type': 'application/problem+json' })
    response.end(JSON.stringify(isExpired ? { error: 'TOKEN_EXPIRED' } : {}))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/dev/api/time`
  const journal = createJournal()
  const send = createRecordingFetch(journal)
  const call = (bearer: string) => send(new Request(url, { headers: { authorization: `Bearer ${bearer}` } }))
  return { bearers, journal, send, call }
}

test('what is sent and answered is written down, without any token', async () => {
  const { journal, call } = await startApi()
  await call('the-token')
  expect(journal.entries).toMatchObject([
    { kind: 'request', call: { method: 'GET', path: '/dev/api/time', callee: 'api', credential: 'bearer' } },
    { kind: 'answer', status: 200 },
  ])
  expect(JSON.stringify(journal.entries)).not.toContain('the-token')
})

test('a token that ran out is sent once in the good one’s place, and the next call is a repeat', async () => {
  const { bearers, journal, send, call } = await startApi()
  send.expiredToken = 'expired'
  const refused = await call('good')
  expect(await refused.json()).toEqual({ error: 'TOKEN_EXPIRED' })
  await call('good')
  await call('good')
  expect(bearers).toEqual(['Bearer expired', 'Bearer good', 'Bearer good'])
  const repeats = journal.entries.filter((entry) => entry.kind === 'request').map(({ isRepeat }) => isRepeat)
  expect(repeats).toEqual([false, true, false])
})

test('a call without an answer is written down too, and still fails', async () => {
  const journal = createJournal()
  const send = createRecordingFetch(journal)
  await expect(send(new Request('http://127.0.0.1:1/auth/refresh', { method: 'POST' }))).rejects.toThrow()
  expect(journal.entries.at(-1)).toMatchObject({ kind: 'no answer', call: { credential: 'cookie' } })
})
