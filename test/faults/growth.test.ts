import { statSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { expect, test, vi } from 'vitest'
import { newKey, refresh, signIn } from '../refresh/client.ts'
import { letTimePassWith, startAuth, type TestAuth } from '../support/auth.ts'
import { fileOf } from '../support/stores/store.ts'

const SESSIONS = 100
const ROUNDS = 200
const PAGE_BYTES = 4096
const HOUR_MS = 3_600_000
const FORGETS_WITHIN_MS = 10_000

test(`${SESSIONS * ROUNDS} refreshes leave the rows and the files as they are after the first ones`, async () => {
  // Its tasks have rows of their own, which come when they are due.
  const world = await startAuth({ upkeep: false })
  const sessions = await Promise.all(Array.from({ length: 20 }, () => signIn(world, 'native')))
  for (let i = sessions.length; i < SESSIONS; i++) sessions.push(await signIn(world, 'native'))
  let tokens = sessions.map(({ refreshToken }) => refreshToken)
  let early: ReturnType<typeof sizeOf> | undefined

  for (let round = 0; round < ROUNDS; round++) {
    const answers = await Promise.all(
      tokens.map((token) => refresh(world, 'native', token, { key: newKey() })),
    )
    tokens = answers.map(({ refreshToken }) => refreshToken)
    if (round === ROUNDS / 20) early = sizeOf(world)
  }

  const late = sizeOf(world)
  expect(late.rows).toEqual(early?.rows)
  expect(late.rows.sessions).toBe(SESSIONS)
  expect(late.pages).toBeLessThanOrEqual(early!.pages * 1.1)
  expect(late.bytes).toBeLessThanOrEqual(late.pages * PAGE_BYTES)
  expect(late.logBytes, 'the log is written back, and does not grow without end').toBeLessThan(8_000_000)
})

test('sign-outs leave the log of revocations no longer than the lifetime of an access token makes it (LO-15)', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
  try {
    const world = await startAuth({ accessTtlSeconds: 60 })
    letTimePassWith(world.clock)
    const sizes: ReturnType<typeof sizeOf>[] = []
    for (let hour = 0; hour < 6; hour++) {
      await signInAndOut(world, 50)
      sizes.push(sizeOf(world))
      world.clock.now += HOUR_MS
      await vi.advanceTimersByTimeAsync(FORGETS_WITHIN_MS)
    }
    expect(sizes.map(({ rows }) => rows.revocations)).toEqual(sizes.map(() => 50))
    expect(sizeOf(world).rows.revocations).toBe(0)
  } finally {
    vi.useRealTimers()
  }
})

async function signInAndOut(world: TestAuth, count: number): Promise<void> {
  const sessions = await Promise.all(Array.from({ length: count }, () => signIn(world, 'native')))
  for (const { refreshToken } of sessions) {
    await world.send('POST', '/auth/logout', { body: { refreshToken } })
  }
}

function sizeOf({ store }: TestAuth) {
  const databasePath = fileOf(store)
  const database = new DatabaseSync(databasePath, { readOnly: true, timeout: 5000 })
  const tables = database.prepare("select name from sqlite_master where type = 'table'").all()
  const rows = Object.fromEntries(
    tables.map(({ name }) => [name, database.prepare(`select count(*) as n from "${name}"`).get()?.n]),
  )
  const pages = database.prepare('pragma page_count').get()?.page_count as number
  database.close()
  return { rows, pages, bytes: statSync(databasePath).size, logBytes: statSync(`${databasePath}-wal`).size }
}
