// The same histories on every store: what one answers, all do.
import { join } from 'node:path'
import { expect, onTestFinished, type TestContext, test } from 'vitest'
import { postgresPrograms, startPostgres } from '../../packages/server/src/stores/testing/servers/postgres.ts'
import { hasRedis, startRedis } from '../../packages/server/src/stores/testing/servers/redis.ts'
import { temporaryFolder } from '../support/folder.ts'
import { randomFrom } from '../support/random.ts'
import { HASTY_POSTGRES, HASTY_REDIS } from '../support/stores/servers.ts'
import type { TestStore } from '../support/stores/store.ts'
import { Player, type Step } from './player.ts'

const STEPS = 250
/** More of them, alone: LATCHKEY_HISTORIES=50 npm test -- test/stores/histories.test.ts */
const SEEDS = Array.from({ length: Number(process.env.LATCHKEY_HISTORIES ?? 3) }, (_, i) => i + 1)
const SECOND = 1000
const DAY = 86_400 * SECOND
const START = Date.parse('2026-03-01T00:00:00Z')

test('a history of sign-ins, refreshes, replays, endings, jumps of the clock and restarts is answered alike by SQLite, PostgreSQL and Redis (SO-14)', {
  timeout: 60_000 + SEEDS.length * 60_000,
}, async (context) => {
  const openStores = await startServers(context)
  const seen = new Map<string, number>()
  for (const seed of SEEDS) {
    const players = new Map<string, Player>()
    for (const [name, store] of await openStores(`seed_${seed}`)) {
      players.set(name, await Player.open(store, START))
    }
    const [first] = players.values()
    const random = randomFrom(seed)
    for (let step = 0; step < STEPS; step++) {
      const next = chooseStep(first!, random)
      const answers = new Map<string, unknown>()
      for (const [name, player] of players) answers.set(name, await player.play(next))
      const expected = answers.get('SQLite')
      for (const [name, answer] of answers) {
        expect(answer, `${name}, seed ${seed}, step ${step}: ${JSON.stringify(next)}`).toEqual(expected)
      }
      const what = `${next.kind} ${(expected as { error?: string } | undefined)?.error ?? 'done'}`
      seen.set(what, (seen.get(what) ?? 0) + 1)
    }
    for (const player of players.values()) await player.close()
  }

  // The histories reach what there is to reach.
  for (const what of [
    'refresh done',
    'refresh REFRESH_REUSED',
    'refresh REFRESH_SUPERSEDED',
    'refresh REFRESH_EXPIRED',
    'refresh SESSION_REVOKED',
    'look done',
    'look TOKEN_REVOKED',
    'log in INVALID_CREDENTIALS',
    'change password done',
  ]) {
    expect(seen.get(what) ?? 0, what).toBeGreaterThan(0)
  }
})

function chooseStep({ users, sessions }: Player, random: () => number): Step {
  const pick = (below: number) => Math.floor(random() * below)
  const client = random() < 0.5 ? 'browser' : 'native'
  const dice = random()
  if (users.length === 0 || dice < 0.03) return { kind: 'register', client }
  const user = pick(users.length)
  if (dice < 0.13) return { kind: 'log in', user, client, wrongly: random() < 0.2 }
  if (dice < 0.2) return { kind: 'let time pass', ms: pick(10 * SECOND) + 1 }
  if (dice < 0.215) return { kind: 'let time pass', ms: pick(8 * DAY) }
  if (dice < 0.225) return { kind: 'let time pass', ms: -pick(DAY / 2) }
  if (dice < 0.24) return { kind: 'restart' }
  if (dice < 0.25) return { kind: 'disable', user }
  if (dice < 0.27) return { kind: 'enable', user }
  if (dice < 0.275) return { kind: 'revoke all', user }
  if (dice < 0.28) return { kind: 'revoke opened before', msAgo: pick(10 * DAY) }
  // The newest sessions most often: of the others many have ended.
  const session = Math.max(0, sessions.length - 1 - Math.floor(8 * random() ** 2))
  if (dice < 0.36) return { kind: 'look', session }
  if (dice < 0.42) return { kind: 'list', session }
  if (dice < 0.45) return { kind: 'end one', session, target: pick(sessions.length) }
  if (dice < 0.465) return { kind: 'end all', session, own: random() < 0.3 }
  if (dice < 0.49) return { kind: 'change password', session, wrongly: random() < 0.3 }
  const newest = Math.max(...sessions[session]!.tokens.keys())
  // The newest token most often; each generation has two keys that may come with it, so that copies of an attempt come too.
  const generation = Math.max(0, newest - Math.floor(6 * random() ** 6))
  if (dice < 0.51) return { kind: 'log out', session, generation }
  const key = random() < 0.15 ? null : `the-key-of-${session}-${generation}-${random() < 0.1 ? 'b' : 'a'}`
  return { kind: 'refresh', session, generation, key }
}

/** Resolves to what makes an empty store of each kind. */
async function startServers(context: TestContext): Promise<(name: string) => Promise<[string, TestStore][]>> {
  if (postgresPrograms() === null || !hasRedis()) {
    const reason = 'PostgreSQL or Redis was not found: apt-get install postgresql redis-server'
    if (process.env.CI === 'true') throw new Error(reason)
    context.skip(reason)
  }
  const postgres = await startPostgres(HASTY_POSTGRES)
  onTestFinished(() => postgres.process.remove())
  const redis = await startRedis(HASTY_REDIS)
  onTestFinished(() => redis.process.remove())
  const folder = temporaryFolder()
  return async (name) => [
    ['SQLite', { database: `sqlite:${join(folder, `${name}.db`)}` }],
    ['PostgreSQL', { database: await postgres.createDatabase(name) }],
    [
      'Redis and PostgreSQL',
      { database: await postgres.createDatabase(`${name}_r`), redis: redis.url, redisPrefix: `${name}_p` },
    ],
    [
      'Redis and SQLite',
      {
        database: `sqlite:${join(folder, `${name}_r.db`)}`,
        redis: redis.url,
        redisPrefix: `${name}_s`,
      },
    ],
  ]
}
