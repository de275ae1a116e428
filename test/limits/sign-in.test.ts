import { expect, onTestFinished, test, vi } from 'vitest'
import { withRedis } from '../../packages/server/src/stores/testing/servers/by-hand.ts'
import { PASSWORD, startAuth, type TestAuth } from '../support/auth.ts'
import { from, inTens, signInFrom, signUpFrom, tally, times, WRONG } from './world.ts'

const HOME = '203.0.113.7'
const OFFICE = '198.51.100.1'
const ADA = 'ada@example.com'

async function limited(overrides: Parameters<typeof startAuth>[0] = {}): Promise<TestAuth> {
  return await startAuth({ rateLimits: true, ...overrides })
}

/** Lets the world's clock go on, by which the counts go, and that of a Redis with it. */
async function pass({ store }: TestAuth, milliseconds: number): Promise<void> {
  vi.setSystemTime(Date.now() + milliseconds)
  if (store.redis === undefined) return
  await withRedis(store.redis, async (redis) => {
    for (const key of await redis.keys(`${store.redisPrefix}:limits:*`)) {
      await redis.pexpire(key, (await redis.pttl(key)) - milliseconds)
    }
  })
}

function travelling(): void {
  vi.useFakeTimers({ toFake: ['Date'] })
  onTestFinished(() => void vi.useRealTimers())
}

async function addressOf(world: TestAuth, address: string): Promise<string> {
  const email = `${crypto.randomUUID()}@example.com`
  expect((await signUpFrom(world, address, email)).status).toBe(201)
  return email
}

test('RL-01: the eleventh wrong password is 429, and so is the right one then, to the byte', async () => {
  const world = await limited()
  const email = await addressOf(world, HOME)
  for (const address of [HOME, OFFICE]) {
    const tries = await times(10, () => signInFrom(world, address, { email, password: WRONG }))
    expect(tally(tries), address).toEqual({ 401: 10 })
    const wrong = await signInFrom(world, address, { email, password: WRONG })
    const right = await signInFrom(world, address, { email })
    expect([wrong.status, right.status], address).toEqual([429, 429])
    expect(right.body).toEqual(wrong.body)
    expect(right.body.error).toBe('RATE_LIMITED')
    const wait = Number(right.headers.get('retry-after'))
    expect(wait, address).toBeGreaterThan(50)
    expect(wait, address).toBeLessThanOrEqual(60)
    expect(right.headers.get('ratelimit')).toBe(`"sign-in";r=0;t=${wait}`)
    expect(right.headers.get('ratelimit-policy')).toBe('"sign-in";q=10;w=86400')
  }
})

test('an account that nobody has is limited as one that somebody has, with the same answers', async () => {
  const world = await limited()
  const known = await addressOf(world, HOME)
  const answers = await Promise.all(
    [known, 'nobody@example.com'].map((email) =>
      times(13, async () => {
        const { status, body, headers } = await signInFrom(world, OFFICE, { email, password: WRONG })
        return { status, body, policy: headers.get('ratelimit-policy') }
      }),
    ),
  )
  expect(tally(answers[0]!)).toEqual({ 401: 10, 429: 3 })
  expect(answers[1]).toEqual(answers[0])
})

test('RL-12: the wait is over after a minute, then two, and never longer than an hour', async () => {
  travelling()
  const world = await limited()
  await addressOf(world, HOME)
  const attempt = () => signInFrom(world, OFFICE, { email: ADA, password: WRONG })
  await times(10, attempt)
  for (const minutes of [1, 2, 4, 8, 16, 32, 60, 60]) {
    const refused = await attempt()
    expect(refused.status, `${minutes} minutes`).toBe(429)
    const wait = Number(refused.headers.get('retry-after'))
    expect(wait, `${minutes} minutes`).toBe(minutes * 60)
    await pass(world, (wait - 1) * 1000)
    expect((await attempt()).status, `a second before ${minutes} minutes`).toBe(429)
    await pass(world, 1_000)
    expect((await attempt()).status, `after ${minutes} minutes`).toBe(401)
  }
  await pass(world, 86_400_000)
  expect(tally(await times(11, attempt)), 'a day later').toEqual({ 401: 10, 429: 1 })
})

test('RL-12: while others guess from a thousand addresses, who has a session or a known device gets in', async () => {
  const world = await limited()
  const email = await addressOf(world, HOME)
  const phone = (await signInFrom(world, '192.0.2.10', { email })).body
  const browser = await signInFrom(world, '192.0.2.11', { email, client: 'browser' })
  const cookie = /^[^=]+=([^;]*)/.exec(browser.headers.get('set-cookie') ?? '')?.[1] as string

  const addresses = Array.from({ length: 1_000 }, (_, i) => `100.64.${i >> 8}.${i & 255}`)
  const guesses = await inTens(addresses, (address) => signInFrom(world, address, { email, password: WRONG }))
  expect(tally(guesses)).toEqual({ 401: 10, 429: 990 })

  const statusOf = async (address: string, facts = {}) =>
    (await signInFrom(world, address, { email, ...facts })).status
  expect(await statusOf('192.0.2.99'), 'a stranger who knows the password').toBe(429)
  expect(await statusOf(HOME), 'where a live session was last used').toBe(200)
  expect(await statusOf('192.0.2.99', { cookie }), 'with the cookie of a live session').toBe(200)
  expect(await statusOf('192.0.2.98', { refreshToken: phone.refreshToken }), 'a phone by its token').toBe(200)

  await from(world, '192.0.2.98', '/auth/logout', { refreshToken: phone.refreshToken })
  expect(await statusOf('192.0.2.97', { refreshToken: phone.refreshToken }), 'also when it has ended').toBe(
    200,
  )
  const refreshed = await from(world, '192.0.2.96', '/auth/refresh', { cookie })
  expect(refreshed.status, 'and the session goes on').toBe(200)
})

test('a known device has a count of its own: who shares its address, or holds its token, gets no more tries than anybody', async () => {
  const world = await limited()
  const email = await addressOf(world, OFFICE)
  const { refreshToken } = (await signInFrom(world, HOME, { email })).body
  const guess = () => signInFrom(world, OFFICE, { email, password: WRONG })
  expect(tally(await times(13, guess)), 'a colleague').toEqual({ 401: 10, 429: 3 })
  const statusWith = async (facts: object) => (await signInFrom(world, OFFICE, { email, ...facts })).status
  expect(await statusWith({ refreshToken }), 'the owner beside the colleague').toBe(200)

  const thief = () => signInFrom(world, '192.0.2.50', { email, password: WRONG, refreshToken })
  expect(tally(await times(13, thief)), 'who holds a token').toEqual({ 401: 10, 429: 3 })
})

test("another account's token, a forged one and two cookies make no device known", async () => {
  const world = await limited()
  const email = await addressOf(world, HOME)
  const mallory = (await signInFrom(world, OFFICE, { email: await addressOf(world, OFFICE) })).body
    .refreshToken
  const own = (await signInFrom(world, HOME, { email })).body.refreshToken as string
  await times(10, () => signInFrom(world, '192.0.2.1', { email, password: WRONG }))
  const forged = own.slice(0, -1) + (own.endsWith('A') ? 'B' : 'A')
  for (const refreshToken of [mallory, forged, 'garbage', '']) {
    expect((await signInFrom(world, '192.0.2.1', { email, refreshToken })).status, refreshToken).toBe(429)
  }
  const headers = { cookie: `__Host-latchkey=${own}; __Host-latchkey=${own}` }
  expect((await signInFrom(world, '192.0.2.1', { email, headers })).status, 'two cookies').toBe(429)
})

test('the right password forgives what its own address got wrong, and nothing that others did', async () => {
  const world = await limited()
  const email = await addressOf(world, HOME)
  await world.auth.sessions.revokeAll((await world.auth.users.find({ email }))!.id)
  const wrong = (address: string) => signInFrom(world, address, { email, password: WRONG })

  for (let round = 0; round < 3; round++) {
    expect(tally(await times(9, () => wrong(OFFICE))), `round ${round}`).toEqual({ 401: 9 })
    const { status, body } = await signInFrom(world, OFFICE, { email })
    expect(status, `round ${round}`).toBe(200)
    // No device is to be known in the next round.
    await world.auth.sessions.revoke(body.user.id, body.sessionId)
  }

  await times(6, () => wrong('192.0.2.1'))
  await times(3, () => wrong(OFFICE))
  const opened = await signInFrom(world, OFFICE, { email })
  expect(opened.status).toBe(200)
  await world.auth.sessions.revoke(opened.body.user.id, opened.body.sessionId)
  expect(tally(await times(6, () => wrong('192.0.2.1'))), 'six of ten were used before').toEqual({
    401: 4,
    429: 2,
  })
})

test('RL-07: one address that tries one password at a thousand accounts is stopped, and an own account does not help it', async () => {
  const world = await limited({ limits: { passwordTriesPerAddress: 50 } })
  const own = await addressOf(world, HOME)
  await world.auth.sessions.revokeAll((await world.auth.users.find({ email: own }))!.id)
  const spray = (i: number) => signInFrom(world, OFFICE, { email: `user-${i}@example.com`, password: WRONG })
  const first = await times(40, spray)
  const opened = await signInFrom(world, OFFICE, { email: own })
  expect(opened.status).toBe(200)
  await world.auth.sessions.revokeAll(opened.body.user.id)
  const rest = await times(960, (i) => spray(40 + i))
  expect(tally([...first, ...rest])).toEqual({ 401: 50, 429: 950 })
  const [refused] = rest.slice(-1)
  expect(refused?.headers.get('ratelimit-policy')).toBe('"sign-in-address";q=50;w=900')
  expect((await signInFrom(world, HOME, { email: 'user-1@example.com', password: WRONG })).status).toBe(401)
})

test('RL-07: a guesser in an office is stopped by the address that all share, and who shows a token gets in beside them', async () => {
  const world = await limited({ limits: { passwordTriesPerAddress: 20 } })
  const emails = await times(30, () => addressOf(world, OFFICE))
  const { refreshToken } = (await signInFrom(world, OFFICE, { email: emails[29]! })).body
  const sprayed = await times(30, (i) => signInFrom(world, OFFICE, { email: emails[i]!, password: WRONG }))
  expect(tally(sprayed)).toEqual({ 401: 20, 429: 10 })
  expect((await signInFrom(world, OFFICE, { email: emails[29]! })).status).toBe(429)
  expect((await signInFrom(world, OFFICE, { email: emails[29]!, refreshToken })).status).toBe(200)
})

test('RL-04: two hundred addresses of one /64 share one count', async () => {
  const world = await limited({ limits: { passwordTriesPerAddress: 20 } })
  const tries = await times(200, (i) =>
    signInFrom(world, `2001:db8:1:2::${(i + 1).toString(16)}`, {
      email: `user-${i}@example.com`,
      password: WRONG,
    }),
  )
  expect(tally(tries)).toEqual({ 401: 20, 429: 180 })
})

test('RL-02, RL-06: what a header says makes no count of its own, unless a trusted proxy says it', async () => {
  const limits = { passwordTriesPerAddress: 20 }
  const spray = (world: TestAuth, forwarded: (i: number) => string) =>
    times(40, (i) =>
      signInFrom(world, OFFICE, {
        email: `user-${i}@example.com`,
        password: WRONG,
        headers: { 'x-forwarded-for': forwarded(i) },
      }),
    )
  const open = await limited({ limits })
  expect(tally(await spray(open, (i) => `203.0.113.${i}`)), 'no proxy is trusted').toEqual({
    401: 20,
    429: 20,
  })

  const behind = () => limited({ limits, trustProxy: [OFFICE] })
  const garbage = ['', 'unknown', 'a'.repeat(8_000), Array(500).fill('1.2.3').join(','), '203.0.113.999']
  expect(tally(await spray(await behind(), (i) => garbage[i % 5]!)), 'garbage').toEqual({ 401: 20, 429: 20 })
  expect(tally(await spray(await behind(), (i) => `203.0.113.${i}`)), 'clients of the proxy').toEqual({
    401: 40,
  })
})

test('twenty right passwords at once, in several windows, are no tries too many', async () => {
  const world = await limited()
  const email = await addressOf(world, HOME)
  for (const address of [HOME, OFFICE]) {
    const all = await Promise.all(Array.from({ length: 20 }, () => signInFrom(world, address, { email })))
    expect(tally(all), address).toEqual({ 200: 20 })
  }
})

test('a try that nobody could check is not counted', async () => {
  const world = await limited({
    passwordHashing: { memoryKiB: 65_536, iterations: 3, workers: 1, maxQueue: 1 },
  })
  const storm = await Promise.all(
    Array.from({ length: 30 }, (_, i) =>
      signInFrom(world, OFFICE, { email: i % 2 ? ADA : 'bob@example.com', password: WRONG }),
    ),
  )
  const { 401: checked = 0, 429: refused = 0, 503: busy = 0 } = tally(storm)
  expect(busy).toBeGreaterThan(0)
  expect([checked + busy, refused]).toEqual([30, 0])
})

test('PR-09: the current password is asked for no more often than at a sign-in, and in the same count', async () => {
  const world = await limited()
  const { accessToken, refreshToken, email } = await world.signUp('native')
  const change = () =>
    world.send('POST', '/auth/password/change', {
      bearer: accessToken,
      body: { currentPassword: WRONG, newPassword: 'a louder harbour at dawn' },
    })
  const wrong = await times(5, () => signInFrom(world, undefined, { email, password: WRONG, refreshToken }))
  expect(tally([...wrong, ...(await times(15, change))])).toEqual({ 401: 10, 429: 10 })
  const right = await world.send('POST', '/auth/password/change', {
    bearer: accessToken,
    body: { currentPassword: PASSWORD, newPassword: 'a louder harbour at dawn' },
  })
  expect([right.status, right.body.error]).toEqual([429, 'RATE_LIMITED'])
})

test('each refusal is an event and a number, and neither tells whose account it was', async () => {
  const world = await limited()
  await times(12, () => signInFrom(world, OFFICE, { email: ADA, password: WRONG }))
  const reached = world.events.filter(({ type }) => type === 'limit.reached')
  expect(reached).toEqual(Array(2).fill({ type: 'limit.reached', limit: 'sign-in', ip: OFFICE }))
  const metrics = await (await world.auth.fetch(new Request(`${world.url}/metrics`))).text()
  expect(metrics).toContain('latchkey_limits_reached_total{limit="sign-in"} 2')
})

test('switched off, nothing is counted', async () => {
  const world = await limited({ rateLimits: false })
  const tries = await times(30, () => signInFrom(world, OFFICE, { email: ADA, password: WRONG }))
  expect(tally(tries)).toEqual({ 401: 30 })
})
