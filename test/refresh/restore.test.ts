import { execFile } from 'node:child_process'
import { copyFileSync, rmSync } from 'node:fs'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { temporaryFolder } from '../support/auth.ts'
import { serviceEnvironment, startService } from '../support/service.ts'
import { expectAlive, expectRefused, generationOf, refresh, signInAgain } from './client.ts'
import { over, signUpAt } from './over-http.ts'

const run = promisify(execFile)

test('after a backup is restored, nobody who was signed in then is signed out, unless an operator ends what must not come back (SO-13)', async () => {
  const folder = temporaryFolder()
  const path = `${folder}/latchkey.db`
  const shared = { LATCHKEY_DATABASE_URL: `sqlite:${path}`, LATCHKEY_URL: 'http://localhost:4000' }

  const yesterday = await startService(shared)
  const kept = await signUpAt(yesterday.url, 'native')
  const revoked = await signUpAt(yesterday.url, 'native')
  expect(await yesterday.stop()).toBe(0)
  copyFileSync(path, `${folder}/backup.db`)

  const today = await startService(shared)
  let newest = kept.refreshToken
  for (let i = 0; i < 5; i++) newest = await expectAlive(over(today.url), 'native', newest)
  await over(today.url).send('POST', '/auth/logout', { body: { refreshToken: revoked.refreshToken } })
  await today.kill()
  for (const suffix of ['-wal', '-shm']) rmSync(path + suffix, { force: true })
  copyFileSync(`${folder}/backup.db`, path)

  const restored = await startService(shared)
  // The store stands at generation 0 and the client at 5: the service knows its own token again.
  expect(generationOf(newest)).toBe(5)
  newest = await expectAlive(over(restored.url), 'native', newest)
  expect(restored.output()).toContain('refresh.ahead_of_store')
  // A session that was revoked since the backup is back: that is what the command is for.
  const back = await expectAlive(over(restored.url), 'native', revoked.refreshToken)

  const now = new Date().toISOString()
  const { stdout } = await run('latchkey', ['sessions', 'revoke', '--before', now], {
    cwd: folder,
    env: serviceEnvironment(shared),
  })
  expect(stdout).toMatch(/^2 sessions opened before .* ended\.$/m)
  for (const token of [newest, back]) {
    const answer = await refresh(over(restored.url), 'native', token)
    expectRefused(answer, 401, 'SESSION_REVOKED')
    expect(answer.body.reason).toBe('revoked_by_operator')
  }
  const anew = await signInAgain(over(restored.url), 'native', kept.email)
  await expectAlive(over(restored.url), 'native', anew.refreshToken)
})
