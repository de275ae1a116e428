import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { StoreUnavailableError } from '../../errors.ts'
import { aSession } from '../../sessions/testing/sessions.ts'
import { holdPostgres, queryPostgres } from '../testing/servers/by-hand.ts'
import { freePort } from '../testing/servers/free-port.ts'
import { postgresPrograms } from '../testing/servers/postgres.ts'
import { identityOf, newServerFolder, ServerProcess } from '../testing/servers/server-process.ts'
import { idsOf, LATER, opening, rotationOf, signedIn } from '../testing/world.ts'
import type { SqlDatabase } from './database.ts'
import { openPostgres } from './postgres.ts'
import { PostgresHotPath } from './postgres-hot-path.ts'
import type { PostgresPool } from './postgres-pool.ts'
import { startCuttingProxy } from './testing/cutting-proxy.ts'
import { open, type PostgresWorld, startPostgresWorld, storesOf } from './testing/postgres-world.ts'

let world: PostgresWorld
beforeAll(async () => {
  world = await startPostgresWorld()
})
afterAll(() => world.server.process.remove())

describe('a server that is killed and started again', () => {
  test('is told as STORE_UNAVAILABLE meanwhile, and works again by itself within two seconds', async () => {
    const { server, newDatabase } = await startPostgresWorld()
    onTestFinished(() => server.process.remove())
    const database = await open({ url: await newDatabase() })
    const { sessions, accounts } = storesOf(database)
    const { account, opened } = await signedIn({ sessions, accounts }, 20)
    // Many connections, all of which the kill leaves behind.
    await Promise.all(opened.map(({ id }) => sessions.endMany([id], 'logout', LATER)))
    for (const end of ['kill', 'stop'] as const) {
      await server.process[end]()
      // What it was made of outlives a kill for a moment.
      await expect.poll(() => stateOf(database)).toBe('away')
      await expect(sessions.findMany(idsOf(opened))).rejects.toThrow(StoreUnavailableError)
      await expect(accounts.findById(account.id)).rejects.toThrow(StoreUnavailableError)
      await server.process.start()
      const start = performance.now()
      await expect
        .poll(
          () =>
            database.ping().then(
              () => 'ready',
              () => 'away',
            ),
          { interval: 20 },
        )
        .toBe('ready')
      expect(performance.now() - start).toBeLessThan(2_000)
      const again = Array.from({ length: 20 }, () => accounts.findById(account.id))
      expect((await Promise.all(again)).map((found) => found?.id)).toEqual(again.map(() => account.id))
      expect(await sessions.findMany(idsOf(opened))).toHaveLength(opened.length)
    }
  })

  test('may be started after the service: it is waited for', async () => {
    const { server, newDatabase } = await startPostgresWorld()
    onTestFinished(() => server.process.remove())
    const url = await newDatabase()
    await server.process.stop()
    await expect(openPostgres({ url, waitSeconds: 0 })).rejects.toThrow(StoreUnavailableError)
    const opening = open({ url })
    await server.process.start()
    await (await opening).ping()
  })
})

describe('a server that does not answer, on connections that stay open', () => {
  test('is waited for so long and no longer, and asked again on new connections when it is back', async () => {
    const url = await world.newDatabase()
    const proxy = await startCuttingProxy(world.server.port)
    const database = await open({ url: proxy.urlOf(url), timeoutSeconds: 1 })
    const { sessions, accounts } = storesOf(database)
    const { account, opened } = await signedIn({ sessions, accounts }, 3)
    await Promise.all(opened.map(({ id }) => sessions.endMany([id], 'logout', LATER)))

    proxy.hang(true)
    const start = performance.now()
    const calls = [
      sessions.findMany(idsOf(opened)),
      sessions.rotateMany([rotationOf(opened[0]!)]),
      accounts.findById(account.id),
      sessions.endMany(idsOf(opened), 'logout', LATER),
    ]
    for (const outcome of await Promise.allSettled(calls)) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: expect.any(StoreUnavailableError) })
    }
    expect(performance.now() - start).toBeLessThan(LONGEST_WAIT_MS)

    proxy.hang(false)
    expect(await sessions.findMany(idsOf(opened))).toHaveLength(3)
    await Promise.all(Array.from({ length: 20 }, () => accounts.findById(account.id)))
  })
})

test('a server that does not answer holds up no stop of the service', async () => {
  const url = await world.newDatabase()
  const proxy = await startCuttingProxy(world.server.port)
  const module = fileURLToPath(new URL('postgres.ts', import.meta.url))
  const service = spawn(
    process.execPath,
    ['--input-type=module', '-e', OPEN_AND_CLOSE, proxy.urlOf(url), module],
    {
      stdio: ['pipe', 'pipe', 'inherit'],
    },
  )
  await once(service.stdout, 'data')
  proxy.hang(true)
  const start = performance.now()
  service.stdin.end()
  expect(await once(service, 'exit')).toEqual([0, null])
  expect(performance.now() - start).toBeLessThan(A_STOP_MS)
})

describe('sign-ins that take all connections', () => {
  test('are turned away after a bounded wait, while refreshes go on, and go through again afterwards (SO-11)', async () => {
    const url = await world.newDatabase()
    const database = await open({ url, poolSize: 4, timeoutSeconds: 1 })
    const { sessions, accounts } = storesOf(database)
    const { account, opened } = await signedIn({ sessions, accounts }, 1)
    const signIn = () => sessions.open(opening(aSession({ userId: account.id })))
    const letGo = await holdPostgres(url, 'select * from users for update')

    const start = performance.now()
    const signIns = Promise.allSettled(Array.from({ length: 50 }, signIn))
    let refreshes = 0
    for (let over = false; !over; refreshes++) {
      const next = rotationOf({ ...opened[0]!, generation: refreshes })
      expect(await sessions.rotateMany([next])).toEqual([true])
      over = await Promise.race([
        signIns.then(() => true),
        new Promise<false>((resolve) => setTimeout(resolve, 10, false)),
      ])
    }
    for (const outcome of await signIns) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: expect.any(StoreUnavailableError) })
    }
    expect(performance.now() - start).toBeLessThan(LONGEST_WAIT_MS)
    expect(refreshes).toBeGreaterThan(10)

    await letGo()
    expect(await signIn()).toMatchObject({ opened: true })
  })
})

describe('a replica', () => {
  test('is never asked about a session: not at a start, not behind an address that has come to lead there', async () => {
    const { server, newDatabase } = await startPostgresWorld()
    onTestFinished(() => server.process.remove())
    const replica = await startReplica(server.port)
    const url = await newDatabase()
    const proxy = await startCuttingProxy(server.port)
    const database = await open({ url: proxy.urlOf(url) })
    const { sessions, accounts } = storesOf(database)
    const { account, opened } = await signedIn({ sessions, accounts }, 1)
    const atReplica = url.replace(`:${server.port}/`, `:${replica.port}/`)
    await expect
      .poll(() =>
        queryPostgres(atReplica, 'select 1 from sessions').then(
          ({ length }) => length,
          () => 0,
        ),
      )
      .toBe(1)

    await expect(openPostgres({ url: atReplica, waitSeconds: 0 })).rejects.toThrow(StoreUnavailableError)

    proxy.leadTo(replica.port)
    await expect(sessions.findMany(idsOf(opened))).rejects.toThrow(StoreUnavailableError)
    await expect(accounts.findById(account.id)).rejects.toThrow(StoreUnavailableError)
    await expect(database.ping()).rejects.toThrow(StoreUnavailableError)

    // A pooler changes the server behind a connection that stays.
    const client = new pg.Client({ connectionString: atReplica })
    await client.connect()
    onTestFinished(() => client.end())
    const pooled = { isPooled: true, use: (work: (it: pg.Client) => unknown) => work(client) }
    const hotPath = new PostgresHotPath(pooled as unknown as PostgresPool)
    await expect(hotPath.findOwnedSessions(idsOf(opened))).rejects.toThrow(StoreUnavailableError)

    await queryPostgres(atReplica, 'select pg_promote()')
    expect((await sessions.findMany(idsOf(opened)))[0]?.session.id).toBe(opened[0]!.id)
    expect(await sessions.rotateMany([rotationOf(opened[0]!)])).toEqual([true])
  })
})

/** The bounded waits, for a connection and for an answer, and what a busy machine adds. */
const LONGEST_WAIT_MS = 10_000

async function stateOf(database: SqlDatabase): Promise<'ready' | 'away'> {
  return await database.ping().then(
    () => 'ready',
    () => 'away',
  )
}

const A_STOP_MS = 5_000

const OPEN_AND_CLOSE = `
  const { openPostgres } = await import(process.argv[2])
  const database = await openPostgres({ url: process.argv[1] })
  database.watch(() => {})
  await Promise.all([database.ping(), database.ping(), database.ping()])
  process.stdout.write('open')
  process.stdin.resume().once('end', () => database.close())`

/** A copy of a server that follows it. */
async function startReplica(primaryPort: number): Promise<{ port: number }> {
  const programs = postgresPrograms() as string
  const identity = identityOf('postgres')
  const folder = newServerFolder('replica', identity)
  const data = join(folder, 'data')
  const from = ['-h', '127.0.0.1', '-p', String(primaryPort), '-U', 'latchkey']
  execFileSync(
    join(programs, 'pg_basebackup'),
    [...from, '-D', data, '-R', '--checkpoint=fast', '--no-sync'],
    {
      cwd: folder,
      stdio: 'ignore',
      ...identity,
    },
  )
  const port = await freePort()
  const server = new ServerProcess({
    command: join(programs, 'postgres'),
    arguments: [
      '-D',
      data,
      '-p',
      String(port),
      '-k',
      folder,
      '-c',
      'listen_addresses=127.0.0.1',
      '-c',
      'max_connections=300',
      '-c',
      'fsync=off',
    ],
    folder,
    identity,
    isReady: () => queryPostgres(`postgres://latchkey@127.0.0.1:${port}/postgres`, 'select 1'),
    stopSignal: 'SIGINT',
  })
  onTestFinished(() => server.remove())
  await server.start()
  return { port }
}
