import { expect, test } from 'vitest'
import { answerJson, answerStatus, startServer } from '../testing/http-server.ts'
import { createKey, keySet } from '../testing/issuer.ts'
import { fetchKeySet } from './index.ts'

test('a key set is fetched by its address', async () => {
  const keys = keySet(createKey())
  await using server = await startServer(answerJson(keys))
  expect(await fetchKeySet(`${server.origin}/keys`)).toEqual(keys)
  expect(server.requests).toEqual(['/keys'])
})

test('what is no key set, too large, elsewhere, too slow or no address is an error', async () => {
  await using server = await startServer(answerJson({ keys: 'none' }))
  const failure = (url = server.origin) =>
    fetchKeySet(url, { timeoutSeconds: 0.2 }).then(
      () => 'fetched',
      (error: Error) => error.message,
    )
  expect(await failure()).toBe('a key set must hold an array of keys')
  server.answer = answerJson({ keys: ['x'.repeat(300_000)] })
  expect(await failure()).toBe('the answer must have at most 256 KiB')
  server.answer = answerStatus(302)
  expect(await failure()).toBe('the status must be 200, and was 302')
  server.answer = () => {}
  expect(await failure()).toMatch(/timeout/)
  for (const url of ['file:///etc/passwd', 'https://ada:secret@example.com', 'keys', ''])
    expect(await failure(url)).toContain('the address must be')
})
