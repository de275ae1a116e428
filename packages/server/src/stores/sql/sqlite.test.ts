import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { fileURLToPath } from 'node:url'
import { sql } from 'kysely'
import { describe, expect, onTestFinished, test } from 'vitest'
import { StoreUnavailableError } from '../../errors.ts'
import { describeStore } from '../conformance.ts'
import { anAccount, HASH, opening, rotationOf, signedIn } from '../testing/world.ts'
import type { SqlDatabase } from './database.ts'
import { openSqlite } from './sqlite.ts'
import { lockFile } from './testing/file-lock.ts'
import { storesOf } from './testing/postgres-world.ts'

describeStore('SQLite', async () => {
  const path = newPath()
  const database = await open(path)
  return {
    ...storesOf(database),
    openAgain: async () => storesOf(await open(path)),
    takeAway: () => database.close(),
  }
})

describe('durability', () => {
  test('every commit is flushed before it is answered: WAL, and synchronous is FULL', async () => {
    const path = newPath()
    const database = await open(path)
    const ofWriter = await database.write((trx) =>
      trx.selectFrom(sql<{ synchronous: number }>`pragma_synchronous`.as('p')).selectAll().execute(),
    )
    expect(ofWriter).toEqual([{ synchronous: FULL }])
    expect(look(path, 'pragma journal_mode')).toEqual({ journal_mode: 'wal' })
  })

  test('what was answered is in the files at that moment, whatever becomes of the process', async () => {
    const path = newPath()
    const stores = storesOf(await open(path))
    const { opened } = await signedIn(stores, 1)
    await stores.sessions.rotateMany([rotationOf(opened[0]!)])

    const copy = newPath()
    for (const suffix of ['', '-wal']) writeFileSync(copy + suffix, readFileSync(path + suffix))
    const [owned] = await storesOf(await open(copy)).sessions.findMany([opened[0]!.id])
    expect(owned?.session.generation).toBe(1)
    expect(look(copy, 'pragma integrity_check')).toEqual({ integrity_check: 'ok' })
  })
})

test('what is not committed is seen by nobody, and is gone when its work fails', async () => {
  const database = await open(newPath())
  const { sessions, accounts } = storesOf(database)
  const { opened } = await signedIn({ sessions, accounts }, 1)
  const seenMeanwhile: unknown[] = []
  const work = database.write(async (trx) => {
    await trx.updateTable('sessions').set({ ended_at: 1, end_reason: 'logout' }).execute()
    seenMeanwhile.push((await sessions.findMany([opened[0]!.id]))[0]?.session.ended)
    seenMeanwhile.push(await sessions.listByUser(opened[0]!.userId))
    throw new RangeError('no, after all')
  })
  await expect(work).rejects.toThrow(RangeError)
  expect(seenMeanwhile).toMatchObject([null, [{ id: opened[0]!.id }]])
  expect(await sessions.listByUser(opened[0]!.userId)).toHaveLength(1)
})

describe('the files', () => {
  test("are for the service's user alone: 0600 in a folder of 0700 (KM-14)", async () => {
    const path = join(dirname(newPath()), 'made', 'by', 'us', 'latchkey.db')
    await signedIn(storesOf(await open(path)), 1)
    for (const suffix of ['', '-wal', '-shm']) expect(modeOf(path + suffix), suffix).toBe(0o600)
    expect(modeOf(dirname(path))).toBe(0o700)
  })

  test('are migrated once by many processes that start together', async () => {
    const path = newPath()
    const starters = Array.from({ length: 6 }, () => startProcess(OPEN_AND_WRITE, path))
    expect(await Promise.all(starters)).toEqual(starters.map(() => 0))
    expect(look(path, 'select count(*) as users from users')).toEqual({ users: starters.length })
    expect(look(path, 'pragma integrity_check')).toEqual({ integrity_check: 'ok' })
  })

  test('are opened again by the next start, with all that was in them', async () => {
    const path = newPath()
    const first = await open(path)
    const { account } = await signedIn(storesOf(first), 2)
    await first.close()
    const again = storesOf(await open(path))
    expect(await again.accounts.findById(account.id)).toEqual(account)
    expect(await again.sessions.listByUser(account.id)).toHaveLength(2)
  })
})

describe('a file that another process holds', () => {
  test('is waited for: the write goes through once it is let go', async () => {
    const path = newPath()
    const { sessions, accounts } = storesOf(await open(path))
    const { opened } = await signedIn({ sessions, accounts }, 1)
    const release = await lockFile(path)
    const rotated = sessions.rotateMany([rotationOf(opened[0]!)])
    await release()
    expect(await rotated).toEqual([true])
  })

  test('is not waited for without end: every write rejects with STORE_UNAVAILABLE, none has happened, and reading goes on', async () => {
    const path = newPath()
    const { sessions, accounts } = storesOf(await open(path))
    const { account, opened } = await signedIn({ sessions, accounts }, 1)
    const [session] = opened as [(typeof opened)[number]]
    const release = await lockFile(path)
    onTestFinished(release)

    const start = performance.now()
    const writes = [
      sessions.rotateMany([rotationOf(session)]),
      sessions.endMany([session.id], 'logout', 1),
      sessions.open(opening({ ...session, id: anAccount().id })),
      accounts.create(anAccount(), HASH),
    ]
    expect(await accounts.findById(account.id)).toEqual(account)
    const outcomes = await Promise.allSettled(writes)
    expect(performance.now() - start).toBeLessThan(LONGEST_WAIT_MS)
    for (const outcome of outcomes) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: expect.any(StoreUnavailableError) })
    }

    await release()
    const [owned] = await sessions.findMany([session.id])
    expect(owned?.session).toMatchObject({ generation: 0, ended: null })
    expect(await sessions.rotateMany([rotationOf(session)])).toEqual([true])
  })

  test('holds up the event loop for moments only, however many writes wait for it', async () => {
    const path = newPath()
    const { sessions, accounts } = storesOf(await open(path))
    const { opened } = await signedIn({ sessions, accounts }, 1)
    const release = await lockFile(path)
    onTestFinished(release)

    const longest = longestTurn()
    await Promise.allSettled(
      Array.from({ length: 200 }, () => sessions.endMany([opened[0]!.id], 'logout', 1)),
    )
    expect(longest()).toBeLessThan(LONGEST_TURN_MS)
  })

  test.each([
    ['later', async (path: string) => await (await openSqlite(path)).close()],
    ['first', async (path: string) => void look(path, 'pragma journal_mode = wal')],
  ])('at a %s start is waited for too', async (_, prepare) => {
    const path = newPath()
    await prepare(path)
    const release = await lockFile(path)
    onTestFinished(release)
    const opening = open(path)
    await release()
    await expect(opening).resolves.toBeDefined()
  })
})

describe('a file that is no database any more', () => {
  test.each([
    ['other content', (path: string) => writeFileSync(path, 'x'.repeat(8192))],
    ['half of its content', (path: string) => truncateSync(path, Math.floor(statSync(path).size / 2))],
  ])('because it has %s, is refused with STORE_UNAVAILABLE and left as it is', async (_, damage) => {
    const path = newPath()
    const database = await open(path)
    await signedIn(storesOf(database), 3)
    await database.close()
    damage(path)
    const damaged = readFileSync(path)
    const use = async () => await storesOf(await open(path)).accounts.findByEmail('ada@example.com')
    await expect(use()).rejects.toThrow(StoreUnavailableError)
    expect(readFileSync(path).equals(damaged)).toBe(true)
  })

  test.each([
    ['a folder', (path: string) => dirname(path)],
    ['a folder that is a file', (path: string) => join(path, 'below', 'latchkey.db')],
  ])('because its path leads to %s, is refused with STORE_UNAVAILABLE', async (_, lead) => {
    const path = newPath()
    writeFileSync(path, '')
    await expect(open(lead(path))).rejects.toThrow(StoreUnavailableError)
  })
})

const FULL = 2
/** The bounded wait, and what a busy machine adds to it. */
const LONGEST_WAIT_MS = 5_000
const LONGEST_TURN_MS = 500

const OPEN_AND_WRITE = `
  const { openSqlite } = await import(process.argv[2])
  const database = await openSqlite(process.argv[1])
  await database.write((trx) => trx.insertInto('users').values({
    id: crypto.getRandomValues(new Uint8Array(16)), email: crypto.randomUUID(), credential_version: 1,
    roles: '[]', created_at: 0,
  }).execute())
  await database.close()`

/** Runs a script beside this process, and resolves to its exit code. */
async function startProcess(script: string, path: string): Promise<number | null> {
  const module = fileURLToPath(new URL('sqlite.ts', import.meta.url))
  const child = spawn(process.execPath, ['--input-type=module', '-e', script, path, module], {
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  return (await once(child, 'exit'))[0] as number | null
}

/** Measures how long the event loop was held up at most, in milliseconds, until it is asked. */
function longestTurn(): () => number {
  let longest = 0
  let last = performance.now()
  const measure = () => {
    const now = performance.now()
    longest = Math.max(longest, now - last)
    last = now
  }
  const timer = setInterval(measure, 1)
  return () => {
    measure()
    clearInterval(timer)
    return longest
  }
}

function look(path: string, query: string) {
  const database = new DatabaseSync(path)
  try {
    return { ...database.prepare(query).get() }
  } finally {
    database.close()
  }
}

function modeOf(path: string): number {
  return statSync(path).mode & 0o777
}

function newPath(): string {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-sqlite-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return join(folder, 'latchkey.db')
}

async function open(path: string): Promise<SqlDatabase> {
  const database = await openSqlite(path)
  onTestFinished(() => database.close())
  return database
}
