import { expect, test, vi } from 'vitest'
import {
  CURRENT,
  createFeedWorld,
  type FeedWorld,
  revoked,
  snapshot,
  untilEntries,
  untilState,
} from '../testing/feed-server.ts'
import { answerJson, answerStatus } from '../testing/http-server.ts'
import { outcome } from '../testing/setup.ts'

/** Verifies a new token. */
function fate(world: FeedWorld, claims: Record<string, unknown> = {}) {
  return outcome(world.verifier.verify(world.mint({ jti: crypto.randomUUID(), ...claims })))
}

/** The service is away: the connection ends, and no other comes about. */
async function cutOff(world: FeedWorld): Promise<void> {
  await world.verifier.ready()
  world.server.answer = answerStatus(503)
  world.cut()
  await expect.poll(() => world.verifier.stats().feed.problem).toBe('the service answered 503')
}

test("SO-02 'allow': while the feed is cut tokens are accepted, and what was known to be revoked is not", async () => {
  await using world = await createFeedWorld({ onStale: 'allow' })
  world.opening = snapshot('1-1', { sid: 'ended' }) + CURRENT
  await cutOff(world)
  for (const seconds of [0, 31, 3600]) {
    world.clock.now += seconds
    expect(await fate(world)).toBe('accepted')
    expect(await fate(world, { sid: 'ended' })).toBe('TOKEN_REVOKED')
  }
  expect(world.verifier.stats().feed).toMatchObject({ state: 'stale', entries: 1 })
})

test("SO-02 'deny': tokens are accepted for 30 seconds after the cut, and no longer", async () => {
  await using world = await createFeedWorld({ onStale: 'deny' })
  await cutOff(world)
  const known = world.mint()
  world.clock.now += 29
  expect(await outcome(world.verifier.verify(known))).toBe('accepted')
  expect(world.verifier.stats().feed.state).toBe('connecting')
  world.clock.now += 2
  // The one that is remembered as well as a new one.
  expect(await outcome(world.verifier.verify(known))).toBe('KEYS_UNAVAILABLE')
  expect(await fate(world)).toBe('KEYS_UNAVAILABLE')
  expect(world.verifier.stats().feed.state).toBe('stale')
})

test('SO-02 what is wrong with a token in itself is said, feed or no feed', async () => {
  await using world = await createFeedWorld({ onStale: 'deny' })
  world.opening = snapshot('1-1', { sid: 'ended' }) + CURRENT
  await cutOff(world)
  world.clock.now += 60
  expect(await fate(world, { sid: 'ended' })).toBe('TOKEN_REVOKED')
  expect(await fate(world, { aud: 'other' })).toBe('TOKEN_INVALID')
  expect(await fate(world, { exp: world.clock.now - 10 })).toBe('TOKEN_EXPIRED')
})

test('the seconds until a feed is stale are an option', async () => {
  await using world = await createFeedWorld({ onStale: 'deny', staleAfterSeconds: 300 })
  await cutOff(world)
  world.clock.now += 299
  expect(await fate(world)).toBe('accepted')
  world.clock.now += 2
  expect(await fate(world)).toBe('KEYS_UNAVAILABLE')
})

test('a clock that is set back by an hour makes nothing count as heard', async () => {
  await using world = await createFeedWorld({ onStale: 'deny' })
  await cutOff(world)
  world.clock.now -= 3600
  expect(await fate(world)).toBe('KEYS_UNAVAILABLE')
})

test("'deny': once the feed is heard again everything is as before, and tokens are still remembered", async () => {
  await using world = await createFeedWorld({ onStale: 'deny' })
  const { answer } = world.server
  await cutOff(world)
  const known = world.mint()
  await world.verifier.verify(known)
  world.clock.now += 60
  expect(await outcome(world.verifier.verify(known))).toBe('KEYS_UNAVAILABLE')

  world.opening = CURRENT
  world.server.answer = answer
  await untilState(world, 'current')
  const { hits } = world.verifier.stats().cache
  expect(await outcome(world.verifier.verify(known))).toBe('accepted')
  expect(world.verifier.stats().cache.hits).toBe(hits + 1)
})

test("'deny': without a first word from the feed nothing is accepted, and ready() says so", async () => {
  await using world = await createFeedWorld({ onStale: 'deny', startTimeoutSeconds: 0 })
  world.opening = undefined
  await expect(world.verifier.ready()).rejects.toMatchObject({ code: 'KEYS_UNAVAILABLE' })
  expect(await fate(world)).toBe('KEYS_UNAVAILABLE')

  await expect.poll(() => world.connections).toHaveLength(1)
  world.send(snapshot('0-0') + CURRENT)
  await untilState(world, 'current')
  await world.verifier.ready()
  expect(await fate(world)).toBe('accepted')
})

test("'introspect': while the feed is current nobody is asked", async () => {
  await using world = await createFeedWorld({ onStale: 'introspect' })
  expect(await fate(world)).toBe('accepted')
  expect(world.introspected).toEqual([])
})

test("SO-02 'introspect': while it is stale, the issuer is asked about each token, once in two seconds", async () => {
  await using world = await stale()
  const [one, other] = [world.mint({ jti: '1' }), world.mint({ jti: '2' })]
  const fates = await Promise.all(
    [one, one, other, one, other].map((token) => outcome(world.verifier.verify(token))),
  )
  expect(new Set(fates)).toEqual(new Set(['accepted']))
  expect(await outcome(world.verifier.verify(one))).toBe('accepted')
  expect(world.introspected).toEqual([one, other])
  expect(world.verifier.stats().feed).toMatchObject({ introspections: 2, introspectionFailures: 0 })

  const later = performance.now() + 2001
  const clock = vi.spyOn(performance, 'now').mockImplementation(() => later)
  expect(await outcome(world.verifier.verify(one))).toBe('accepted')
  clock.mockRestore()
  expect(world.introspected).toHaveLength(3)
})

test("SO-02 'introspect': a token that the issuer calls inactive is revoked, and asked about again", async () => {
  await using world = await stale()
  world.introspection = answerJson({ active: false })
  const token = world.mint()
  expect(await outcome(world.verifier.verify(token))).toBe('TOKEN_REVOKED')
  world.introspection = answerJson({ active: true })
  expect(await outcome(world.verifier.verify(token))).toBe('accepted')
})

test.each([
  ['an error', answerStatus(500)],
  ['no right to ask', answerStatus(401)],
  ['a redirect', (_, response) => response.writeHead(302, { location: '/elsewhere' }).end('{"active":true}')],
  ['something else', answerJson({ active: 'true' })],
  ['no JSON', (_, response) => response.end('active')],
  ['nothing', (_, response) => response.destroy()],
] satisfies [string, FeedWorld['introspection']][])(
  "SO-02 'introspect': an issuer that answers with %s says nothing about the token",
  async (_, introspection) => {
    await using world = await stale()
    world.introspection = introspection
    expect(await fate(world)).toBe('KEYS_UNAVAILABLE')
    expect(world.verifier.stats().feed).toMatchObject({ introspections: 1, introspectionFailures: 1 })
  },
)

test("'introspect': an issuer that hangs is given up after three seconds, and no flood waits for it", async () => {
  await using world = await stale()
  world.introspection = () => {}
  expect(await fate(world)).toBe('KEYS_UNAVAILABLE')
  const started = performance.now()
  const fates = await Promise.all(Array.from({ length: 100 }, () => fate(world)))
  expect(new Set(fates)).toEqual(new Set(['KEYS_UNAVAILABLE']))
  expect(performance.now() - started).toBeLessThan(1000)
  expect(world.introspected).toHaveLength(1)
})

test("'introspect': the token and the secret are in no error", async () => {
  await using world = await stale()
  world.introspection = answerStatus(500)
  const token = world.mint()
  const error = await world.verifier.verify(token).catch((reason: unknown) => reason)
  const told = `${JSON.stringify(error)} ${(error as Error).stack} ${String((error as Error).cause)}`
  expect(told).toContain('KEYS_UNAVAILABLE')
  for (const secret of [token, ...token.split('.'), 'lks_secret', btoa('svc_1:lks_secret')])
    expect(told).not.toContain(secret)
})

test("where requests are isolated, as in Cloudflare's workers, there is no feed and the policy always decides", async () => {
  vi.stubGlobal('navigator', { userAgent: 'Cloudflare-Workers' })
  try {
    await using asking = await createFeedWorld({ onStale: 'introspect' })
    expect(await fate(asking)).toBe('accepted')
    expect(asking.introspected).toHaveLength(1)
    expect(asking.verifier.stats().feed.state).toBe('stale')
    expect(asking.connections).toEqual([])

    await using denying = await createFeedWorld({ onStale: 'deny' })
    expect(await fate(denying)).toBe('KEYS_UNAVAILABLE')
  } finally {
    vi.unstubAllGlobals()
  }
})

test('a revocation that comes while the issuer is asked about a token outweighs its answer', async () => {
  await using world = await stale()
  const release = holdIntrospection(world)
  const verification = outcome(world.verifier.verify(world.mint()))
  await expect.poll(() => world.introspected.length).toBe(1)
  world.send(revoked('1-1', { sid: 'session-1' }))
  await untilEntries(world, 1)
  release()
  expect(await verification).toBe('TOKEN_REVOKED')
})

test('a token that runs out while the issuer is asked about it has expired', async () => {
  await using world = await stale()
  const release = holdIntrospection(world)
  const verification = outcome(world.verifier.verify(world.mint()))
  await expect.poll(() => world.introspected.length).toBe(1)
  world.clock.now += 905
  release()
  expect(await verification).toBe('TOKEN_EXPIRED')
})

test('a token that runs out while the first word of the feed is waited for has expired', async () => {
  await using world = await createFeedWorld({ startTimeoutSeconds: 30 })
  world.opening = undefined
  const verification = outcome(world.verifier.verify(world.mint()))
  await expect.poll(() => world.connections.length).toBe(1)
  world.clock.now += 905
  world.send(snapshot('0-0') + CURRENT)
  expect(await verification).toBe('TOKEN_EXPIRED')
})

test('a revocation that comes after a token was introspected is not overlooked the next time', async () => {
  await using world = await stale()
  const token = world.mint()
  expect(await outcome(world.verifier.verify(token))).toBe('accepted')
  world.send(revoked('1-1', { sid: 'session-1' }))
  await untilEntries(world, 1)
  expect(await outcome(world.verifier.verify(token))).toBe('TOKEN_REVOKED')
  expect(world.introspected).toHaveLength(1)
})

/** A verifier that introspects, because its feed has been silent for a minute of its clock. */
async function stale(): Promise<FeedWorld> {
  const world = await createFeedWorld({ onStale: 'introspect' })
  await world.verifier.ready()
  world.clock.now += 60
  return world
}

/** The issuer calls every token good, but says so only once it is released. */
function holdIntrospection(world: FeedWorld): () => void {
  const { promise, resolve } = Promise.withResolvers<void>()
  world.introspection = (request, response) =>
    void promise.then(() => answerJson({ active: true })(request, response))
  return resolve
}
