import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { createAuth } from 'latchkey'
import { expect, onTestFinished, test } from 'vitest'
import { CHEAP_HASHING, PASSWORD, sendTo, temporaryFolder } from '../support/auth.ts'
import { serviceEnvironment } from '../support/service.ts'
import { runSql } from '../support/stores/look.ts'
import { environmentOf, newStore, type TestStore } from '../support/stores/store.ts'
import { LATCHKEY, latchkey } from './run.ts'

/** `PASSWORD`, as another system keeps it. */
const BCRYPT = '$2b$04$Yam4fX3Zk8WrCQDhn05FwuvZyXsbWhC3hFBvAVGYMu6J72ONcudv6'
const ID = '0f8fad5b-d9cb-469f-a165-70867728950e'
const SECRET = 'JWhCyNRUrMc1xJ0QJlvIhfeR6Z1WdqQGpIzBbH0SR0M'

interface World {
  store: TestStore
  environment: Record<string, string>
  folder: string
  run(...args: string[]): ReturnType<typeof latchkey>
  /** Writes the lines into a file, and takes them from there. */
  importLines(lines: readonly (object | string)[], ...flags: string[]): ReturnType<typeof latchkey>
  withAuth<Result>(work: (auth: Awaited<ReturnType<typeof createAuth>>) => Promise<Result>): Promise<Result>
}

async function workplace(): Promise<World> {
  const store = await newStore()
  const folder = temporaryFolder()
  const environment = {
    ...environmentOf(store),
    LATCHKEY_SECRET: SECRET,
    LATCHKEY_URL: 'http://localhost:3000',
  }
  const run = (...args: string[]) => latchkey(args, { environment, workingFolder: folder })
  return {
    store,
    environment,
    folder,
    run,
    async importLines(lines, ...flags) {
      const texts = lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line)))
      writeFileSync(join(folder, 'users.jsonl'), texts.join('\n'))
      return await run('users', 'import', 'users.jsonl', ...flags)
    },
    async withAuth(work) {
      const auth = await createAuth({
        url: 'http://localhost:3000',
        secret: SECRET,
        ...store,
        passwordHashing: CHEAP_HASHING,
      })
      try {
        return await work(auth)
      } finally {
        await auth.close()
      }
    },
  }
}

function linesOf(text: string): Record<string, unknown>[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>)
}

async function signIn(world: World, email: string, password = PASSWORD): Promise<number> {
  return await world.withAuth(async ({ fetch }) => {
    const { status } = await sendTo(fetch, 'http://localhost:3000', 'POST', '/auth/login', {
      body: { email, password },
    })
    return status
  })
}

test('users import takes users as their lines say, and they sign in with the passwords that they have', async () => {
  const world = await workplace()
  const imported = await world.importLines([
    {
      id: ID,
      email: ' Ada@Example.com ',
      emailVerified: true,
      roles: ['admin', 'ключ'],
      passwordHash: BCRYPT,
      createdAt: '2020-01-31T12:00:00+01:00',
    },
    { email: 'grace@example.com', disabledAt: '2024-01-31T12:00:00Z', passwordHash: BCRYPT },
    '',
    { version: 1, email: 'nobody@example.com' },
  ])
  expect([imported.code, imported.stderr]).toEqual([0, ''])
  expect(imported.stdout).toBe('3 added, 0 there already, 0 refused.\n')
  const ada = await world.withAuth(({ users }) => users.find({ email: 'ada@example.com' }))
  expect(ada).toEqual({
    id: ID,
    email: 'ada@example.com',
    emailVerified: true,
    roles: ['admin', 'ключ'],
    createdAt: '2020-01-31T11:00:00.000Z',
  })
  expect(await signIn(world, 'ada@example.com')).toBe(200)
  expect(await signIn(world, 'grace@example.com'), 'disabled').toBe(403)
  expect(await signIn(world, 'nobody@example.com', '')).toBe(401)
}, 60_000)

test('the same import again changes nothing; --update takes over what has changed, but for a password chosen here', async () => {
  const world = await workplace()
  const ada = { id: ID, email: 'ada@example.com', passwordHash: BCRYPT }
  const lines = [ada, { email: 'grace@example.com', roles: ['user'] }]
  await world.importLines(lines)
  const again = await world.importLines([...lines, { email: 'GRACE@example.com', roles: ['other'] }])
  expect([again.code, again.stdout]).toEqual([0, '0 added, 3 there already, 0 refused.\n'])
  expect(await signIn(world, 'ada@example.com'), 'the hash is our own from now on').toBe(200)

  const updated = await world.importLines(
    [
      { ...ada, email: 'countess@example.com', roles: ['admin'], passwordHash: `${BCRYPT.slice(0, -1)}7` },
      { email: 'grace@example.com', roles: ['user'], disabledAt: '2024-01-31T12:00:00Z' },
      { email: 'new@example.com' },
      { id: '00000000-0000-4000-8000-000000000001', email: 'grace@example.com' },
      { id: ID, email: 'grace@example.com' },
    ],
    '--update',
  )
  expect(updated.code).toBe(1)
  expect(updated.stdout).toBe('1 added, 2 updated, 0 there already, 2 refused.\n')
  expect(updated.stderr).toBe(
    'line 4: email is that of a user with another id\nline 5: email is that of another user\n',
  )
  expect(await signIn(world, 'countess@example.com')).toBe(200)
  expect(await signIn(world, 'ada@example.com')).toBe(401)
  const users = await runSql(world.store, 'select email, roles, disabled_at from users order by email')
  expect(users).toEqual([
    { email: 'countess@example.com', roles: '["admin"]', disabled_at: null },
    { email: 'grace@example.com', roles: '["user"]', disabled_at: expect.anything() },
    { email: 'new@example.com', roles: '[]', disabled_at: null },
  ])
  const settled = await world.importLines([{ id: ID, email: 'countess@example.com' }], '--update')
  expect(settled.stdout).toBe('0 added, 1 there already, 0 refused.\n')
}, 60_000)

test('a user that an import disables is signed out everywhere', async () => {
  const world = await workplace()
  await world.importLines([{ id: ID, email: 'ada@example.com', passwordHash: BCRYPT }])
  await signIn(world, 'ada@example.com')
  expect(await world.withAuth(({ sessions }) => sessions.list(ID))).toHaveLength(1)
  const disabled = { id: ID, email: 'ada@example.com', disabledAt: '2024-01-31T12:00:00Z' }
  expect((await world.importLines([disabled], '--update')).stdout).toContain('1 updated')
  expect(await world.withAuth(({ sessions }) => sessions.list(ID))).toHaveLength(0)
  expect(await signIn(world, 'ada@example.com')).toBe(403)
  expect((await world.importLines([{ ...disabled, disabledAt: null }], '--update')).stdout).toContain('1 upd')
  expect(await signIn(world, 'ada@example.com')).toBe(200)
}, 60_000)

const BAD_LINES: [line: object | string, reason: string][] = [
  ['{"email": "ada@exam', 'the line is no JSON object'],
  ['[]', 'the line is no JSON object'],
  ['null', 'the line is no JSON object'],
  [{ emailVerified: true }, 'email is needed'],
  [{ email: 'not an address' }, 'email is not an e-mail address'],
  [{ email: 'a@example.com', emailverified: true }, 'the line has members that are not known: emailverified'],
  [{ email: 'a@example.com', 'ada@example.com': 1 }, 'the line has members that are not known: ...'],
  [{ email: 'a@example.com', emailVerified: 'yes' }, 'emailVerified is neither true nor false'],
  [{ email: 'a@example.com', roles: 'admin' }, 'roles is no list'],
  [{ email: 'a@example.com', roles: [1] }, 'roles.0 is no text'],
  ['{"email":"a@example.com","roles":["\\ud800"]}', 'roles.0 is no well-formed text'],
  [{ email: 'a@example.com', id: '42' }, 'id is no UUID'],
  [
    { email: 'a@example.com', createdAt: 'yesterday' },
    'createdAt is no time: write it as 2026-01-31T12:00:00Z',
  ],
  [{ email: 'a@example.com', version: 2 }, 'version is not 1: another version wrote this line'],
  [{ email: 'a@example.com', passwordHash: 'secret' }, 'passwordHash is no argon2, bcrypt, scrypt or PBKDF2'],
  [{ email: 'a@example.com', pepperId: 'p1' }, 'pepperId stands without a passwordHash'],
  [
    { email: 'a@example.com', passwordHash: BCRYPT, pepperId: 'p1' },
    'passwordHash is mixed with a pepper that is not in this database',
  ],
  [`{"email":"a@example.com","roles":["${'x'.repeat(70_000)}"]}`, 'the line is longer than 65536 characters'],
]

test('lines that cannot be taken are listed with their reasons, kept where one says, and do not stop the others', async () => {
  const world = await workplace()
  const lines = BAD_LINES.flatMap(([line], i) => [line, { email: `good${i}@example.com` }])
  const dry = await world.importLines(lines, '--dry-run', '--json')
  expect(JSON.parse(dry.stdout)).toMatchObject({
    added: BAD_LINES.length,
    refused: BAD_LINES.length,
    finished: true,
    dryRun: true,
  })
  expect(await world.withAuth(({ users }) => users.count())).toBe(0)

  const imported = await world.importLines(lines, '--rejects', 'rejects.jsonl')
  expect(imported.code).toBe(1)
  expect(imported.stdout).toBe(`${BAD_LINES.length} added, 0 there already, ${BAD_LINES.length} refused.\n`)
  const listed = imported.stderr.trimEnd().split('\n')
  expect(listed).toHaveLength(BAD_LINES.length)
  for (const [i, [, reason]] of BAD_LINES.entries()) {
    expect(listed[i]).toMatch(new RegExp(`^line ${i * 2 + 1}: `))
    expect(listed[i]).toContain(reason)
  }
  expect(imported.stderr, 'nothing of what was in them').not.toMatch(/secret|Yam4|@example\.com|yesterday/)
  const rejects = join(world.folder, 'rejects.jsonl')
  expect(statSync(rejects).mode & 0o777).toBe(0o600)
  expect(readFileSync(rejects, 'utf8').trimEnd().split('\n')).toHaveLength(BAD_LINES.length)
  expect(await world.withAuth(({ users }) => users.count())).toBe(BAD_LINES.length)
}, 60_000)

test('--strict stops at the first line that is refused, and the mended file goes on from there', async () => {
  const world = await workplace()
  const good = (i: number) => ({ email: `user${i}@example.com` })
  const stopped = await world.importLines([good(1), good(2), 'x', good(3)], '--strict')
  expect([stopped.code, stopped.stderr]).toEqual([1, 'line 3: the line is no JSON object\n'])
  expect(stopped.stdout).toMatch(/^2 added, 0 there already, 1 refused\.\nNot every line was looked at/)
  const mended = await world.importLines([good(1), good(2), good(4), good(3)], '--strict')
  expect([mended.code, mended.stdout]).toEqual([0, '2 added, 2 there already, 0 refused.\n'])
}, 60_000)

test('users export writes what users import takes; passwords only when asked, and those of here only for here', async () => {
  const world = await workplace()
  await world.importLines([
    { id: ID, email: 'ada@example.com', emailVerified: true, roles: ['admin'], passwordHash: BCRYPT },
    { email: 'grace@example.com', disabledAt: '2024-01-31T12:00:00Z', createdAt: '2020-01-31T12:00:00Z' },
  ])
  await world.withAuth(({ users }) => users.create({ email: 'own@example.com', password: PASSWORD }))
  const plain = await world.run('users', 'export')
  expect([plain.code, plain.stderr]).toEqual([0, ''])
  expect(linesOf(plain.stdout).find(({ id }) => id === ID)).toEqual({
    version: 1,
    id: ID,
    email: 'ada@example.com',
    emailVerified: true,
    roles: ['admin'],
    createdAt: expect.stringMatching(/Z$/),
    disabledAt: null,
  })
  expect(plain.stdout).not.toMatch(/\$2b|argon2|pepper/)

  const written = await world.run('users', 'export', '--with-password-hashes', '--output', 'all.jsonl')
  expect([written.code, written.stderr]).toEqual([0, '3 users written to all.jsonl.\n'])
  expect(statSync(join(world.folder, 'all.jsonl')).mode & 0o777).toBe(0o600)
  expect(readdirSync(world.folder)).not.toContain('all.jsonl.part')
  const all = linesOf(readFileSync(join(world.folder, 'all.jsonl'), 'utf8'))
  expect(all.map(({ id }) => id)).toEqual(all.map(({ id }) => id).toSorted())

  // The same database: who has been deleted comes back with the password.
  for (const { id } of all) await world.withAuth(({ users }) => users.delete(id as string))
  expect((await world.run('users', 'import', 'all.jsonl')).stdout).toContain('3 added')
  for (const email of ['ada@example.com', 'own@example.com'])
    expect(await signIn(world, email), email).toBe(200)
  expect(linesOf((await world.run('users', 'export')).stdout)).toEqual(linesOf(plain.stdout))

  const elsewhere = await workplace()
  const foreign = await elsewhere.importLines(all)
  expect(foreign.code).toBe(1)
  expect(foreign.stdout).toBe('2 added, 0 there already, 1 refused.\n')
  expect(foreign.stderr).toContain('mixed with a pepper that is not in this database')
}, 60_000)

test('an import that is killed goes on when it is started again: everybody is there once', async () => {
  const world = await workplace()
  await world.run('users', 'export')
  const lines = Array.from({ length: 20_000 }, (_, i) => JSON.stringify({ email: `user${i}@example.com` }))
  for (const half of [4_000, 12_000]) {
    const child = spawn(LATCHKEY, ['users', 'import', '-'], {
      env: serviceEnvironment(world.environment),
      cwd: world.folder,
      stdio: ['pipe', 'ignore', 'inherit'],
    })
    onTestFinished(() => void child.kill('SIGKILL'))
    child.stdin.on('error', () => {})
    child.stdin.write(`${lines.slice(0, half).join('\n')}\n`)
    await expect.poll(() => countUsers(world), { timeout: 30_000 }).toBeGreaterThan(half - 4_000)
    child.stdin.write(lines.slice(half).join('\n'))
    const gone = once(child, 'close')
    child.kill('SIGKILL')
    await gone
  }
  const before = await countUsers(world)
  const last = await world.importLines(lines, '--json')
  expect(last.code).toBe(0)
  expect(JSON.parse(last.stdout)).toMatchObject({
    added: lines.length - before,
    skipped: before,
    refused: 0,
    finished: true,
  })
  expect(await countUsers(world)).toBe(lines.length)
}, 120_000)

test('Ctrl-C stops an import between two steps, and says so', async () => {
  const world = await workplace()
  await world.run('users', 'export')
  const child = spawn(LATCHKEY, ['users', 'import', '-'], {
    env: serviceEnvironment(world.environment),
    cwd: world.folder,
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  child.stdin.on('error', () => {})
  let stdout = ''
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk
  })
  child.stdin.write(
    `${Array.from({ length: 600 }, (_, i) => `{"email":"user${i}@example.com"}`).join('\n')}\n`,
  )
  await expect.poll(() => countUsers(world), { timeout: 30_000 }).toBe(500)
  child.kill('SIGINT')
  expect((await once(child, 'close'))[0]).toBe(130)
  expect(stdout).toMatch(/^500 added, 0 there already, 0 refused\.\nNot every line was looked at/)
}, 60_000)

test('Ctrl-C leaves nothing of an export that was not whole', async () => {
  const world = await workplace()
  await world.importLines(Array.from({ length: 20_000 }, (_, i) => `{"email":"user${i}@example.com"}`))
  const child = spawn(LATCHKEY, ['users', 'export', '--output', 'whole.jsonl'], {
    env: serviceEnvironment(world.environment),
    cwd: world.folder,
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  const ended = once(child, 'close')
  const exported = () => readdirSync(world.folder).filter((name) => name.startsWith('whole.jsonl'))
  while (exported().length === 0 && child.exitCode === null) await setImmediate()
  child.kill('SIGINT')
  expect((await ended)[0]).toBe(130)
  expect(exported()).toEqual([])
}, 60_000)

test('what cannot be read or written is said, and nothing is imported', async () => {
  const world = await workplace()
  writeFileSync(join(world.folder, 'users.jsonl'), '{"email":"ada@example.com"}')
  const answers = await Promise.all([
    world.run('users', 'import', 'missing.jsonl'),
    world.run('users', 'import', '.'),
    world.run('users', 'import', 'users.jsonl', '--rejects', 'users.jsonl'),
    world.run('users', 'export', '--output', 'missing/out.jsonl'),
  ])
  for (const [i, { code, stderr }] of answers.entries()) {
    expect(code, `${i}`).toBe(1)
    expect(stderr, `${i}`).toMatch(/^latchkey: A setting is wrong:\n/)
    expect(stderr, `${i}`).not.toMatch(/\n +at /)
  }
  expect(await world.withAuth(({ users }) => users.count())).toBe(0)
}, 60_000)

async function countUsers({ store }: World): Promise<number> {
  const [row] = await runSql(store, 'select count(*) as count from users')
  return Number(row?.count)
}
