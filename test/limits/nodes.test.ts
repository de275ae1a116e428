import { request as httpRequest } from 'node:http'
import { expect, inject, test } from 'vitest'
import { withRedis } from '../../packages/server/src/stores/testing/servers/by-hand.ts'
import { PASSWORD, startAuth } from '../support/auth.ts'
import { type Service, startService } from '../support/service.ts'
import { takeAway } from '../support/stores/look.ts'
import { environmentOf, newStore, type TestStore } from '../support/stores/store.ts'
import { signInFrom, tally, times, WRONG } from './world.ts'

const SETTINGS = { LATCHKEY_RATE_LIMITS: 'on', LATCHKEY_TRUST_PROXY: '127.0.0.1' }
const HOME = '203.0.113.7'

/** Nodes of one service: three beside a database server, and beside a file the workers of one. */
async function startNodes(): Promise<{ nodes: Service[]; environment: Record<string, string> }> {
  const environment = {
    ...environmentOf(await newStore()),
    ...SETTINGS,
    LATCHKEY_URL: 'http://localhost:3000',
  }
  if (inject('store') === 'sqlite') {
    const workers = { ...environment, LATCHKEY_WORKERS: '2' }
    return { nodes: [await startService(workers)], environment: workers }
  }
  const first = await startService(environment)
  const others = await Promise.all([startService(environment), startService(environment)])
  return { nodes: [first, ...others], environment }
}

interface Answer {
  status: number
  // biome-ignore lint/suspicious/noExplicitAny: a test may look into whatever came back
  body: any
}

/** Posts JSON over a connection of its own, so that workers share the requests among them. */
function post({ url }: Service, path: string, address: string, body: object): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>()
  const headers = { 'content-type': 'application/json', 'x-forwarded-for': address }
  const request = httpRequest(`${url}${path}`, { method: 'POST', headers, agent: false }, (response) => {
    let text = ''
    response.on('data', (chunk) => {
      text += chunk
    })
    response.on('end', () => resolve({ status: response.statusCode as number, body: JSON.parse(text) }))
  })
  request.on('error', reject)
  request.end(JSON.stringify(body))
  return promise
}

function signIn(node: Service, address: string, facts: object): Promise<Answer> {
  return post(node, '/auth/login', address, { password: PASSWORD, client: 'native', ...facts })
}

test('RL-12: five hundred wrong passwords at once, from everywhere and over all nodes: ten are looked at, and a known device gets in', async () => {
  const { nodes, environment } = await startNodes()
  const nodeAt = (i: number) => nodes[i % nodes.length] as Service
  const email = 'ada@example.com'
  const opened = await post(nodeAt(0), '/auth/register', HOME, {
    email,
    password: PASSWORD,
    client: 'native',
  })
  expect(opened.status).toBe(201)

  const guesses = await Promise.all(
    Array.from({ length: 500 }, (_, i) =>
      signIn(nodeAt(i), `100.64.${i >> 8}.${i & 255}`, { email, password: WRONG }),
    ),
  )
  const { 401: lookedAt = 0, 429: refused = 0, 503: busy = 0 } = tally(guesses)
  expect(lookedAt).toBeGreaterThan(0)
  expect(lookedAt).toBeLessThanOrEqual(10)
  expect(refused + busy, 'on a slow machine some find no connection to the database').toBe(500 - lookedAt)
  if (lookedAt < 10) await times(10, (i) => signIn(nodeAt(i), '100.64.9.9', { email, password: WRONG }))

  for (const [i, node] of nodes.entries()) {
    const stranger = `198.51.100.${i + 1}`
    expect((await signIn(node, stranger, { email })).status, `a stranger at node ${i}`).toBe(429)
    expect((await signIn(node, HOME, { email })).status, `from home at node ${i}`).toBe(200)
    const known = { email, refreshToken: opened.body.refreshToken }
    expect((await signIn(node, stranger, known)).status, `with its token at node ${i}`).toBe(200)
  }

  // RL-11: beside a file, the counts are in the memory of the process that starts the workers.
  await Promise.all(nodes.map((node) => node.stop()))
  const again = await startService(environment)
  const survived = inject('store') !== 'sqlite'
  expect((await signIn(again, '192.0.2.1', { email })).status).toBe(survived ? 429 : 200)
}, 60_000)

// Beside a file the counts are in memory, which is never away.
if (inject('store') !== 'sqlite') {
  test('SO-03: while the store of the counts is away, a node counts for itself, or nobody signs in: nobody guesses without a limit', async () => {
    const world = await startAuth({ rateLimits: true })
    await takeCountsAway(world.store)
    const guess = (email: string) => signInFrom(world, '198.51.100.1', { email, password: WRONG })
    const isInDatabase = world.store.redis === undefined
    expect(tally(await times(15, () => guess('nobody@example.com')))).toEqual(
      isInDatabase ? { 503: 15 } : { 401: 10, 429: 5 },
    )
    const metrics = await (await world.auth.fetch(new Request(`${world.url}/metrics`))).text()
    expect(metrics).toMatch(isInDatabase ? / 0\n/ : /latchkey_limits_counted_alone_total [1-9]/)
  })
}

async function takeCountsAway(store: TestStore): Promise<void> {
  const { redis, redisPrefix } = store
  if (redis === undefined) await takeAway(store, 'limits')
  else {
    const allButCounts = [`~${redisPrefix}:{*`, `~${redisPrefix}:user:*`]
    await withRedis(redis, (client) =>
      client.acl('SETUSER', new URL(redis).username, 'resetkeys', ...allButCounts),
    )
  }
}
