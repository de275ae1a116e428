import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { expect, test } from 'vitest'
import { LATCHKEY, latchkey } from '../cli/run.ts'
import { temporaryFolder } from '../support/folder.ts'
import { serviceEnvironment, startService } from '../support/service.ts'
import { runSql } from '../support/stores/look.ts'
import { environmentOf, newStore } from '../support/stores/store.ts'
import { addOldSessions, sessionCount } from './world.ts'

/** A store, and what calls commands on it. */
async function openWorld(): Promise<{
  store: Awaited<ReturnType<typeof newStore>>
  environment: Record<string, string>
  run(...args: string[]): ReturnType<typeof latchkey>
}> {
  const store = await newStore()
  const environment = environmentOf(store)
  const workingFolder = temporaryFolder()
  return { store, environment, run: (...args) => latchkey(args, { environment, workingFolder }) }
}

test('latchkey gc says what it removed, and with --dry-run what it would, and how it knows', async () => {
  const { store, run } = await openWorld()
  expect((await run('migrate')).code).toBe(0)
  await addOldSessions(store, 1_234)
  const dry = await run('gc', '--dry-run')
  expect([dry.code, dry.stderr]).toEqual([0, ''])
  expect(dry.stdout).toMatch(/^1,234 of 1,234 sessions have been over for long\.\nThey take some \d+ kB/)
  expect(dry.stdout).toContain('Every session was looked at.\nNothing was removed.')

  const done = await run('gc')
  expect([done.code, done.stderr]).toEqual([0, ''])
  expect(done.stdout).toMatch(/^1,234 of 1,234 sessions were over for long, and are removed \(\d/)
  expect(await sessionCount(store)).toBe(0)
})

test('latchkey gc that Ctrl-C stops says how far it was, and ends as a stopped command does', async () => {
  const { store, environment, run } = await openWorld()
  expect((await run('migrate')).code).toBe(0)
  await addOldSessions(store, 6_000)
  const child = spawn(LATCHKEY, ['gc', '--json'], {
    cwd: temporaryFolder(),
    env: serviceEnvironment(environment),
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let stdout = ''
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk
  })
  await expect.poll(() => sessionCount(store), { interval: 20, timeout: 20_000 }).toBeLessThan(5_900)
  child.kill('SIGINT')
  const [code] = await once(child, 'close')
  const report = JSON.parse(stdout)
  expect([code, report.finished]).toEqual([130, false])
  expect(await sessionCount(store)).toBe(6_000 - report.removed)
  expect(JSON.parse((await run('gc', '--json')).stdout).removed).toBe(6_000 - report.removed)
})

test('latchkey migrate shows the SQL that is pending, applies it, and then has nothing to do', async () => {
  const { store, run } = await openWorld()
  // PostgreSQL's databases come with the tables.
  await forget(store)
  const dry = await run('migrate', '--dry-run')
  expect([dry.code, dry.stderr]).toEqual([0, ''])
  expect(dry.stdout).toMatch(/^-- 0001-users-sessions-keys\ncreate table "users" \(/)
  expect(dry.stdout).toContain('-- 0006-upkeep\ncreate table "upkeep" (')
  expect(dry.stdout).toMatch(
    /migrations pending, to be applied in one transaction\. Nothing was changed\.\n$/,
  )
  await expect(runSql(store, 'select * from users')).rejects.toThrow()

  const done = await run('migrate')
  expect([done.code, done.stderr]).toEqual([0, ''])
  expect(done.stdout).toMatch(/\napplied {2}0006-upkeep\n(?:applied .*\n)*The database is up to date\.\n$/)
  expect(await runSql(store, 'select * from users')).toEqual([])
  for (const again of [await run('migrate'), await run('migrate', '--dry-run')]) {
    expect(again).toEqual({
      code: 0,
      stdout: 'Nothing to do: the database has every migration of this version.\n',
      stderr: '',
    })
  }
})

test('a service that is not to change the tables refuses to start on old ones, and starts on those of a newer version', async () => {
  const { store, environment, run } = await openWorld()
  await forget(store)
  const careful = { ...environment, LATCHKEY_AUTO_MIGRATE: 'off', PORT: '0' }
  const refused = await latchkey(['serve'], { environment: careful, workingFolder: temporaryFolder() })
  expect(refused.code).toBe(1)
  expect(refused.stderr).toContain('run `latchkey migrate`')
  await expect(runSql(store, 'select * from users')).rejects.toThrow()

  expect((await run('migrate')).code).toBe(0)
  await runSql(
    store,
    "insert into kysely_migration (name, timestamp) values ('0999-of-a-newer-version', '2027-01-01T00:00:00Z')",
  )
  const service = await startService(careful)
  expect((await fetch(`${service.url}/readyz`)).status).toBe(200)
  expect((await run('migrate')).stdout).toContain('Nothing to do')
  expect((await startService(environment)).url).toContain('http')
})

/** Takes everything out of a database that has tables. */
async function forget(store: Awaited<ReturnType<typeof newStore>>): Promise<void> {
  if (!store.database.startsWith('postgres')) return
  await runSql(store, 'drop schema public cascade')
  await runSql(store, 'create schema public')
}
