import { getEventListeners } from 'node:events'
import { expect, test } from 'vitest'
import { fetchJson } from './fetch-json.ts'

test('once the answer is there, nothing waits for its time to end: Deno would keep the process alive for it', async () => {
  const signals: AbortSignal[] = []
  await fetchJson(
    async (_url, { signal }) => {
      signals.push(signal)
      return Response.json({})
    },
    'https://auth.example.com',
    5,
  )
  expect(signals.map((signal) => getEventListeners(signal, 'abort'))).toEqual([[]])
})
