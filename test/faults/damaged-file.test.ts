import { randomBytes } from 'node:crypto'
import { closeSync, openSync, statSync, writeFileSync, writeSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { newKey, refresh, type SignedIn } from '../refresh/client.ts'
import { over, signUpAt } from '../refresh/over-http.ts'
import { temporaryFolder } from '../support/auth.ts'
import { startService } from '../support/service.ts'
import { environmentOf, fileOf } from '../support/stores/store.ts'

const PAGE_BYTES = 4096

describe.each([
  ['zeros', (size: number) => Buffer.alloc(size)],
  ['noise', randomBytes],
])('a database whose pages are overwritten with %s', (_, content) => {
  test('under the running service gets 503 from it at worst, never 401: nobody is signed out by a broken disk', async () => {
    const { url, store } = await startService()
    const sessions = await signUpSome(url)
    for (const suffix of ['', '-wal']) overwritePages(fileOf(store) + suffix, content)
    for (const session of sessions) await expectNoVerdict(url, session)
    expect((await fetch(`${url}/healthz`)).status).toBe(200)
  })

  test('before a start keeps the service from starting, or gets 503 from it, never 401', async () => {
    const before = await startService()
    const sessions = await signUpSome(before.url)
    expect(await before.stop()).toBe(0)
    overwritePages(fileOf(before.store), content)

    const start = startService(environmentOf(before.store))
    const started = await start.catch((error: Error) => error)
    if (started instanceof Error) expectPlainWords(started.message)
    else for (const session of sessions) await expectNoVerdict(started.url, session)
  })
})

test('a file that is no database is left alone, and the service says in plain words that it cannot start', async () => {
  const path = `${temporaryFolder()}/latchkey.db`
  const letter = 'Dear database, you are not one. '.repeat(500)
  writeFileSync(path, letter)
  const start = startService({ LATCHKEY_DATABASE_URL: `sqlite:${path}` })
  await expect(start).rejects.toThrow(/ended with 1/)
  expectPlainWords(await start.then(String, (error: Error) => error.message))
  expect(statSync(path).size).toBe(letter.length)
})

async function signUpSome(url: string): Promise<SignedIn[]> {
  const sessions: SignedIn[] = []
  for (let i = 0; i < 3; i++) sessions.push(await signUpAt(url, 'native'))
  return sessions
}

/** Overwrites all but the first page. */
function overwritePages(path: string, content: (size: number) => Buffer): void {
  const size = statSync(path).size - PAGE_BYTES
  const file = openSync(path, 'r+')
  if (size > 0) writeSync(file, content(size), 0, size, PAGE_BYTES)
  closeSync(file)
}

/** An answer from memory is as good as none; a verdict on the session would be made of nothing. */
async function expectNoVerdict(url: string, { refreshToken, accessToken }: SignedIn): Promise<void> {
  const answers = [
    await refresh(over(url), 'native', refreshToken, { key: newKey() }),
    await over(url).send('GET', '/auth/me', { bearer: accessToken }),
  ]
  for (const { status, body } of answers) {
    expect([200, 503], body?.error).toContain(status)
  }
}

function expectPlainWords(output: string): void {
  expect(output).toMatch(/latchkey: the session store does not answer right now \(.+\)/)
  expect(output).not.toMatch(/\n\s+at /)
}
