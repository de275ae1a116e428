import { expect, test } from 'vitest'
import {
  CURRENT,
  createFeedWorld,
  event,
  RETRY,
  revocation,
  revoked,
  snapshot,
  untilEntries,
  untilState,
} from '../testing/feed-server.ts'
import { answerJson, answerStatus, startServer, type TestServer } from '../testing/http-server.ts'
import { createKey, keySet, mint } from '../testing/issuer.ts'
import { createWorld, outcome } from '../testing/setup.ts'

test('nobody is called before the first token comes, and then once, as the registered service', async () => {
  await using world = await createFeedWorld()
  expect(world.verifier.stats().feed.state).toBe('off')
  await world.verifier.verify('garbage').catch(() => {})
  expect(world.connections).toEqual([])

  const tokens = Array.from({ length: 50 }, (_, index) => world.mint({ jti: `t${index}` }))
  const fates = await Promise.all(tokens.map((token) => outcome(world.verifier.verify(token))))
  expect(new Set(fates)).toEqual(new Set(['accepted']))
  expect(world.connections).toEqual([
    { authorization: `Basic ${btoa('svc_1:lks_secret')}`, lastEventId: undefined },
  ])
})

test('what the snapshot holds is refused from the first token on', async () => {
  await using world = await createFeedWorld()
  world.opening = snapshot('3-1', { sid: 'ended' }, { jti: 'one' }) + CURRENT
  const { verify } = world.verifier
  expect(await outcome(verify(world.mint({ sid: 'ended' })))).toBe('TOKEN_REVOKED')
  expect(await outcome(verify(world.mint({ jti: 'one' })))).toBe('TOKEN_REVOKED')
  expect(await outcome(verify(world.mint()))).toBe('accepted')
})

test('a snapshot in parts counts when it is complete', async () => {
  await using world = await createFeedWorld()
  world.opening = undefined
  const ready = world.verifier.ready()
  await expect.poll(() => world.connections.length).toBe(1)
  world.send(event('snapshot', { revoked: [revocation({ sid: 'a' })], more: true }))
  world.send(snapshot('9-1', { sid: 'b' }))
  world.send(CURRENT)
  await ready
  expect(world.verifier.stats().feed).toMatchObject({ state: 'current', entries: 2, problem: null })
})

test('a session that ends is refused at once, though its token was verified a moment ago', async () => {
  await using world = await createFeedWorld()
  const [ended, other] = [world.mint({ sid: 'ended' }), world.mint({ sid: 'other' })]
  for (const token of [ended, other, ended, other])
    expect(await outcome(world.verifier.verify(token))).toBe('accepted')
  expect(world.verifier.stats().cache).toMatchObject({ size: 2, hits: 2 })

  world.send(revoked('1-1', { sid: 'ended' }))
  await untilEntries(world, 1)
  expect(await outcome(world.verifier.verify(ended))).toBe('TOKEN_REVOKED')
  expect(await outcome(world.verifier.verify(other))).toBe('accepted')
  expect(world.verifier.stats().cache.size).toBe(1)
})

test('a token is never refused by its text: another spelling of it would be good', async () => {
  await using world = await createFeedWorld()
  await world.verifier.ready()
  world.send(revoked('1-1', { jti: 'token-1' }))
  await untilEntries(world, 1)
  // The same token, signed once more: ES256 signatures differ each time.
  expect(await outcome(world.verifier.verify(world.mint()))).toBe('TOKEN_REVOKED')
  expect(await outcome(world.verifier.verify(world.mint({ jti: 'token-2' })))).toBe('accepted')
})

test('revocation comes last: an expired or foreign token of an ended session is expired or foreign', async () => {
  await using world = await createFeedWorld()
  world.opening = snapshot('1-1', { sid: 'session-1' }) + CURRENT
  const { verify } = world.verifier
  expect(await outcome(verify(world.mint({ exp: world.clock.now - 60 })))).toBe('TOKEN_EXPIRED')
  expect(await outcome(verify(world.mint({ aud: 'other' })))).toBe('TOKEN_INVALID')
  expect(await outcome(verify(world.mint({}, { ...createKey(), kid: world.key.kid })))).toBe('TOKEN_INVALID')
})

test('an event that comes in pieces, and one that comes twice, are one event', async () => {
  await using world = await createFeedWorld()
  await world.verifier.ready()
  const bytes = new TextEncoder().encode(revoked('1-1', { sid: 'ä€' }))
  for (const byte of bytes) {
    world.send(Uint8Array.of(byte))
    await new Promise(setImmediate)
  }
  await untilEntries(world, 1)
  world.send(revoked('1-1', { sid: 'ä€' }) + revoked('2-1', { sid: 'b' }))
  await untilEntries(world, 2)
  expect(await outcome(world.verifier.verify(world.mint({ sid: 'ä€' })))).toBe('TOKEN_REVOKED')
  expect(world.connections).toHaveLength(1)
})

test('after a cut it goes on where it was, and what was missed is refused', async () => {
  await using world = await createFeedWorld()
  world.opening = RETRY + snapshot('5-1', { sid: 'before' }) + CURRENT
  await world.verifier.ready()
  world.send(revoked('6-1', { sid: 'then' }))
  await untilEntries(world, 2)

  world.opening = revoked('7-1', { sid: 'missed' }) + CURRENT
  world.cut()
  await untilEntries(world, 3)
  await untilState(world, 'current')
  expect(world.connections.map(({ lastEventId }) => lastEventId)).toEqual([undefined, '6-1'])
  for (const sid of ['before', 'then', 'missed'])
    expect(await outcome(world.verifier.verify(world.mint({ sid })))).toBe('TOKEN_REVOKED')
  expect(world.verifier.stats().feed).toMatchObject({ reconnects: 1, problem: null })
})

test('a service that cannot tell what was missed sends a snapshot, which takes the place of what was known', async () => {
  await using world = await createFeedWorld()
  world.opening = RETRY + snapshot('5-1', { sid: 'a' }, { sid: 'b' }) + CURRENT
  await world.verifier.ready()
  world.opening = snapshot('2-9', { sid: 'c' }) + CURRENT
  world.cut()
  await untilEntries(world, 1)
  expect(await outcome(world.verifier.verify(world.mint({ sid: 'c' })))).toBe('TOKEN_REVOKED')
})

test('an event that was cut off in the middle is missed, not half heard', async () => {
  await using world = await createFeedWorld()
  await world.verifier.ready()
  world.opening = revoked('1-1', { sid: 'a' }) + CURRENT
  world.send(revoked('1-1', { sid: 'a' }).slice(0, -2))
  world.cut()
  await untilEntries(world, 1)
  expect(world.connections[1]?.lastEventId).toBe('0-0')
})

test('news in the middle of a snapshot is no place to go on from: the rest of the snapshot would be missed', async () => {
  await using world = await createFeedWorld()
  world.opening = RETRY + snapshot('1-1', { sid: 'a' }) + CURRENT
  await world.verifier.ready()
  world.opening =
    event('snapshot', { revoked: [revocation({ sid: 'a' })], more: true }) + revoked('9-1', { sid: 'c' })
  world.cut()
  await untilEntries(world, 2)

  world.opening = snapshot('9-1', { sid: 'a' }, { sid: 'b' }, { sid: 'c' }) + CURRENT
  world.cut()
  await untilEntries(world, 3)
  expect(world.connections.map(({ lastEventId }) => lastEventId)).toEqual([undefined, '1-1', '1-1'])
})

test('a snapshot whose last part is missing makes nothing current', async () => {
  await using world = await createFeedWorld()
  world.opening = RETRY + snapshot('1-1', { sid: 'a' }) + CURRENT
  await world.verifier.ready()
  world.opening = event('snapshot', { revoked: [revocation({ sid: 'a' })], more: true }) + CURRENT
  world.cut()
  await expect.poll(() => world.verifier.stats().feed.problem).toBe('the snapshot was missing')
  expect(await outcome(world.verifier.verify(world.mint({ sid: 'a' })))).toBe('TOKEN_REVOKED')
})

test('a snapshot that was cut off in the middle is asked for again as a whole', async () => {
  await using world = await createFeedWorld()
  world.opening = RETRY + event('snapshot', { revoked: [revocation({ sid: 'a' })], more: true })
  world.verifier.ready().catch(() => {})
  await expect.poll(() => world.connections.length).toBe(1)
  world.opening = snapshot('1-1', { sid: 'b' }) + CURRENT
  // Its first part is on its way: ending the connection regularly lets it arrive.
  await new Promise(setImmediate)
  world.cut()
  await untilEntries(world, 1)
  expect(world.connections[1]?.lastEventId).toBeUndefined()
  expect(await outcome(world.verifier.verify(world.mint({ sid: 'b' })))).toBe('TOKEN_REVOKED')
})

test.each([
  ['no JSON', 'event: revoked\nid: 1-1\ndata: {"sid":\n\n'],
  ['an entry that names nothing', event('revoked', { revokedAt: 'x' }, '1-1')],
  ['malformed UTF-8', Uint8Array.of(0x64, 0xff, 0x0a)],
  ['an event of a megabyte', `event: revoked\nid: 1-1\ndata: ${'x'.repeat(1_000_000)}\n\n`],
])('%s is not passed over: everything is asked for anew', async (_, malformed) => {
  await using world = await createFeedWorld()
  await world.verifier.ready()
  world.opening = snapshot('9-1', { sid: 'a' }) + CURRENT
  world.send(malformed)
  await untilEntries(world, 1)
  expect(world.connections.map(({ lastEventId }) => lastEventId)).toEqual([undefined, undefined])
})

test('a feed that begins without its snapshot is not believed to be complete', async () => {
  await using world = await createFeedWorld({ startTimeoutSeconds: 1, onStale: 'deny' })
  world.opening = RETRY + CURRENT
  await expect(world.verifier.ready()).rejects.toMatchObject({ code: 'KEYS_UNAVAILABLE' })
  expect(world.verifier.stats().feed).toMatchObject({ state: 'stale', problem: 'the snapshot was missing' })
})

test('a silent connection counts as dead after three signs of life that did not come', async () => {
  await using world = await createFeedWorld()
  const current = event('current', { at: '2026-01-01T00:00:00Z', heartbeatSeconds: 0.5 })
  world.opening = RETRY + snapshot('1-1', { sid: 'a' }) + current
  await world.verifier.ready()
  for (let beat = 0; beat < 20; beat++) {
    await new Promise((resolve) => setTimeout(resolve, 100))
    world.send(': beat\n\n')
  }
  expect(world.connections).toHaveLength(1)

  await expect.poll(() => world.connections.length, { timeout: 5000 }).toBeGreaterThan(1)
  expect(world.connections[1]?.lastEventId).toBe('1-1')
})

test('a service that restarts is found again', async () => {
  await using world = await createFeedWorld()
  await world.verifier.ready()
  const { answer } = world.server
  world.server.answer = answerStatus(503)
  world.cut()
  await expect.poll(() => world.verifier.stats().feed.problem).toBe('the service answered 503')
  expect(await outcome(world.verifier.verify(world.mint()))).toBe('accepted')

  world.opening = revoked('1-1', { sid: 'session-1' }) + CURRENT
  world.server.answer = answer
  await untilEntries(world, 1)
  expect(await outcome(world.verifier.verify(world.mint()))).toBe('TOKEN_REVOKED')
})

test.each([
  ['401', answerStatus(401), 'the service answered 401'],
  ['403', answerStatus(403), 'the service answered 403'],
  ['another status', answerStatus(500), 'the service answered 500'],
  [
    'a page',
    (_, response) => response.setHeader('content-type', 'text/html').end('<html>'),
    'no event stream',
  ],
  ['nothing at all', (_, response) => response.destroy(), 'the connection failed'],
] satisfies [string, TestServer['answer'], string][])(
  'a service that answers with %s is said to do so, and the policy decides',
  async (_, answer, problem) => {
    await using server = await startServer(answer)
    const revocations = { clientId: 'svc_1', clientSecret: 'lks_secret', startTimeoutSeconds: 0 } as const
    const allowing = createWorld({ issuer: server.origin, revocations })
    const claims = { iss: server.origin }
    expect(await outcome(allowing.verifier.verify(mint(allowing.key, { claims })))).toBe('accepted')
    await expect.poll(() => allowing.verifier.stats().feed.problem).toContain(problem)
    expect(allowing.verifier.stats().feed.state).toBe('stale')
    expect(JSON.stringify(allowing.verifier.stats())).not.toContain('lks_secret')
    allowing.verifier.close()
  },
)

test('a redirect is not followed: the secret would go with it', async () => {
  await using elsewhere = await startServer(answerStatus(200))
  await using server = await startServer((_, response) =>
    response.writeHead(302, { location: elsewhere.origin }).end(),
  )
  const { verifier } = createWorld({
    issuer: server.origin,
    revocations: { clientId: 'svc_1', clientSecret: 'lks_secret', startTimeoutSeconds: 0 },
  })
  await verifier.ready()
  await expect.poll(() => verifier.stats().feed.problem).toMatch(/^the service answered/)
  verifier.close()
  expect(elsewhere.requests).toEqual([])
})

test('the delay of a revocation is measured; what was missed is not news', async () => {
  await using world = await createFeedWorld()
  await world.verifier.ready()
  const delays = () => {
    const { lastDelayMs, largestDelayMs } = world.verifier.stats().feed
    return [lastDelayMs, largestDelayMs]
  }
  expect(delays()).toEqual([null, null])
  world.send(revoked('1-1', { sid: 'a' }, world.clock.now - 2))
  await untilEntries(world, 1)
  world.send(revoked('2-1', { sid: 'b' }, world.clock.now + 1))
  await untilEntries(world, 2)
  expect(delays()).toEqual([0, 2000])

  world.opening = revoked('3-1', { sid: 'c' }, world.clock.now - 500) + CURRENT
  world.cut()
  await untilEntries(world, 3)
  expect(delays()).toEqual([0, 2000])
})

test('a key that is withdrawn is refused at once, and the keys are fetched anew whatever their age', async () => {
  const [leaked, next] = [createKey(), createKey()]
  await using keys = await startServer(answerJson(keySet(leaked)))
  await using world = await createFeedWorld({}, { jwksUrl: keys.origin })
  const forged = world.mint({}, leaked)
  expect(await outcome(world.verifier.verify(forged))).toBe('accepted')

  keys.answer = answerJson(keySet(next))
  world.send(revoked('1-1', { kid: leaked.kid }))
  await untilEntries(world, 1)
  expect(await outcome(world.verifier.verify(forged))).toBe('TOKEN_INVALID')
  expect(await outcome(world.verifier.verify(world.mint({ jti: 'new' }, next)))).toBe('accepted')
  expect(await outcome(world.verifier.recognize(forged))).toBe('TOKEN_INVALID')
  expect(keys.requests).toHaveLength(2)
})

test('a request for the keys that is under way when one is withdrawn does not count: they are fetched once more', async () => {
  const [leaked, next] = [createKey(), createKey()]
  await using keys = await startServer(answerJson(keySet(leaked)))
  await using world = await createFeedWorld({}, { jwksUrl: keys.origin, jwksCooldownSeconds: 1 })
  await world.verifier.ready()

  const { promise: slowly, resolve: answer } = Promise.withResolvers<void>()
  keys.answer = (request, response) => void slowly.then(() => answerJson(keySet(leaked))(request, response))
  world.clock.now += 2
  const early = outcome(world.verifier.verify(world.mint({ jti: 'early' }, next)))
  await expect.poll(() => keys.requests.length).toBe(2)
  world.send(revoked('1-1', { kid: leaked.kid }))
  await untilEntries(world, 1)
  keys.answer = answerJson(keySet(next))
  answer()
  expect(await early).toBe('TOKEN_INVALID')
  expect(await outcome(world.verifier.verify(world.mint({ jti: 'late' }, next)))).toBe('accepted')
  expect(keys.requests).toHaveLength(3)
})

test('a key set that still names a withdrawn key came from a node that lags: it is asked for again in a second, not after the cool-down', async () => {
  const [leaked, next] = [createKey(), createKey()]
  await using keys = await startServer(answerJson(keySet(leaked)))
  await using world = await createFeedWorld({}, { jwksUrl: keys.origin })
  await world.verifier.ready()
  world.send(revoked('1-1', { kid: leaked.kid }))
  await expect.poll(() => keys.requests.length).toBe(2)
  await expect.poll(() => outcome(world.verifier.verify(world.mint({}, next)))).toBe('TOKEN_INVALID')

  keys.answer = answerJson(keySet(next))
  world.clock.now += 1
  expect(await outcome(world.verifier.verify(world.mint({}, next)))).toBe('accepted')
  expect(keys.requests).toHaveLength(3)
  world.clock.now += 29
  expect(await outcome(world.verifier.verify(world.mint({}, createKey())))).toBe('TOKEN_INVALID')
  expect(keys.requests).toHaveLength(3)
})

test('an issuer that never lets go of a withdrawn key is asked ever less often, up to the cool-down', async () => {
  const leaked = createKey()
  await using keys = await startServer(answerJson(keySet(leaked)))
  await using world = await createFeedWorld({}, { jwksUrl: keys.origin })
  await world.verifier.ready()
  world.send(revoked('1-1', { kid: leaked.kid }))
  await expect.poll(() => keys.requests.length).toBe(2)
  const askedAt: number[] = []
  for (let second = 0; second <= 100; second++) {
    const before = keys.requests.length
    expect(await outcome(world.verifier.verify(world.mint({}, createKey())))).toBe('TOKEN_INVALID')
    if (keys.requests.length > before) askedAt.push(second)
    world.clock.now += 1
  }
  expect(askedAt).toEqual([1, 3, 7, 15, 31, 61, 91])
})

test('a withdrawn key that is no longer held is no reason to fetch the keys', async () => {
  const key = createKey()
  await using keys = await startServer(answerJson(keySet(key)))
  await using world = await createFeedWorld({}, { jwksUrl: keys.origin })
  await world.verifier.ready()
  world.send(revoked('1-1', { kid: 'k-of-old' }))
  await untilEntries(world, 1)
  expect(await outcome(world.verifier.verify(world.mint({}, key)))).toBe('accepted')
  expect(keys.requests).toHaveLength(1)
})

test('closing ends the connection, and no other follows', async () => {
  await using world = await createFeedWorld()
  await world.verifier.ready()
  world.verifier.close()
  world.verifier.close()
  await expect.poll(() => world.connected()).toBe(0)
  expect(world.verifier.stats().feed.state).toBe('off')
  expect(await outcome(world.verifier.verify(world.mint()))).toBe('accepted')
  expect(world.connections).toHaveLength(1)
})

test('a verifier that is closed before its first token calls nobody and waits for nobody', async () => {
  await using world = await createFeedWorld({ startTimeoutSeconds: 30 })
  world.verifier.close()
  expect(await outcome(world.verifier.verify(world.mint()))).toBe('accepted')
  const started = performance.now()
  await world.verifier.ready()
  expect(performance.now() - started).toBeLessThan(10_000)
  expect(world.connections).toEqual([])
})

test('a feed that is slow to begin is waited for, but not endlessly', async () => {
  await using world = await createFeedWorld({ startTimeoutSeconds: 1 })
  world.opening = undefined
  const first = outcome(world.verifier.verify(world.mint({ sid: 'ended' })))
  await expect.poll(() => world.connections.length).toBe(1)
  world.send(snapshot('1-1', { sid: 'ended' }) + CURRENT)
  expect(await first).toBe('TOKEN_REVOKED')

  await using silent = await createFeedWorld({ startTimeoutSeconds: 1 })
  silent.opening = undefined
  const started = performance.now()
  expect(await outcome(silent.verifier.verify(silent.mint()))).toBe('accepted')
  expect(performance.now() - started).toBeGreaterThan(900)
  const again = performance.now()
  expect(await outcome(silent.verifier.verify(silent.mint({ jti: 'second' })))).toBe('accepted')
  expect(performance.now() - again).toBeLessThan(500)
})
