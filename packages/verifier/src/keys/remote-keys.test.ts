import { describe, expect, onTestFinished, test, vi } from 'vitest'
import type { VerifierOptions } from '../options.ts'
import { answerJson, answerStatus, startServer, type TestServer } from '../testing/http-server.ts'
import { createKey, ISSUER, keySet, mint, NOW, type SigningKey } from '../testing/issuer.ts'
import { createWorld, outcome, type World } from '../testing/setup.ts'

const DAY = 86_400

/** A verifier in front of a real key server that publishes `key`. */
async function publish(
  key: SigningKey,
  options: Partial<VerifierOptions> = {},
): Promise<World & { server: TestServer }> {
  const server = await startServer(answerJson(keySet(key)))
  return { server, ...createWorld({ jwksUrl: `${server.origin}/jwks.json`, ...options }, key) }
}

/** A valid token at the time that the verifier's clock shows. */
function mintNow({ clock }: World, key: SigningKey): string {
  return mint(key, { claims: { iat: clock.now, exp: clock.now + 900 } })
}

/** Holds answers back until it is opened. */
function gate(): { answered: Promise<void>; open: () => void } {
  const { promise, resolve } = Promise.withResolvers<void>()
  return { answered: promise, open: resolve }
}

/** Waits for what happens behind the verifier's back, and fails when it does not happen. */
async function eventually(check: () => Promise<void> | void): Promise<void> {
  await expect
    .poll(async () => {
      await check()
      return true
    })
    .toBe(true)
}

describe('getting the keys', () => {
  test('nobody is asked before the first token comes', async () => {
    const world = await publish(createKey())
    await using server = world.server
    await world.verifier.verify('garbage').catch(() => {})
    await world.verifier.verify(mint(world.key, { header: { typ: 'JWT' } })).catch(() => {})
    expect(server.requests).toEqual([])
  })

  test('a cold start with many tokens at once needs one request', async () => {
    const world = await publish(createKey())
    await using server = world.server
    const fates = await Promise.all(
      Array.from({ length: 200 }, () => outcome(world.verifier.verify(mintNow(world, world.key)))),
    )

    expect(new Set(fates)).toEqual(new Set(['accepted']))
    expect(server.requests).toEqual(['/jwks.json'])
  })

  test('keys that cannot be used are passed over, and the good one among them is found', async () => {
    const key = createKey()
    const { x: _, ...withoutX } = createKey().jwk
    const bad = [
      null,
      'a key',
      {},
      { kty: 'EC', kid: key.kid, crv: 'P-999', x: 'AA', y: 'AA' },
      { kty: 'oct', kid: key.kid, k: 'c2VjcmV0' },
      { ...createKey().jwk, kid: key.kid, use: 'enc' },
      { ...createKey().jwk, kid: key.kid, key_ops: ['encrypt'] },
      { ...createKey().jwk, kid: key.kid, alg: 'ES512' },
      { ...withoutX, kid: key.kid },
      { ...createKey().jwk, kid: key.kid, y: key.jwk.x },
      { ...createKey().privateKey.export({ format: 'jwk' }), kid: key.kid },
    ]
    await using server = await startServer(answerJson({ keys: [...bad, key.jwk] }))
    const world = createWorld({ jwksUrl: server.origin }, key)
    expect(await outcome(world.verifier.verify(mint(key)))).toBe('accepted')
  })

  test.each([
    ['an error', answerStatus(500)],
    ['not found', answerStatus(404)],
    ['a redirect', (_, response) => response.writeHead(302, { location: '/elsewhere' }).end('{"keys":[]}')],
    ['no JSON', (_, response) => response.end('<html>')],
    ['nothing', (_, response) => response.end()],
    ['JSON that is no key set', answerJson({ keys: 'none' })],
    ['more than 256 KiB', (_, response) => response.end(`{"keys":[],"x":"${'x'.repeat(262_144)}"}`)],
    ['a broken connection', (_, response) => response.destroy()],
  ] satisfies [string, TestServer['answer']][])(
    'without keys, because the server answers with %s, nothing is known about a token',
    async (_, answer) => {
      await using server = await startServer(answer)
      const { key, verifier } = createWorld({ jwksUrl: server.origin })
      await expect(verifier.verify(mint(key))).rejects.toMatchObject({
        code: 'KEYS_UNAVAILABLE',
        cause: expect.any(Error),
      })
      expect(server.requests).toEqual(['/'])
    },
  )

  test('an answer that never ends is given up when its time is over', async () => {
    await using server = await startServer((_, response) => response.write('{"keys":['))
    const { key, verifier } = createWorld({ jwksUrl: server.origin, jwksTimeoutSeconds: 1 })
    await expect(verifier.verify(mint(key))).rejects.toMatchObject({
      code: 'KEYS_UNAVAILABLE',
      cause: { name: 'TimeoutError' },
    })
  })

  test('a fetch that does not heed its signal is given up all the same', async () => {
    const { key, verifier } = createWorld({
      jwksUrl: 'https://keys.example.com',
      jwksTimeoutSeconds: 1,
      fetch: () => new Promise(() => {}),
    })
    expect(await outcome(verifier.verify(mint(key)))).toBe('KEYS_UNAVAILABLE')
  })

  test('while there are no keys the server is tried again after 1, 2, 4 … seconds, however many tokens come', async () => {
    const world = await publish(createKey())
    await using server = world.server
    server.answer = answerStatus(503)

    const attempts: number[] = []
    for (let second = 0; second < 70; second++) {
      world.clock.now = NOW + second
      const before = server.requests.length
      expect(await outcome(world.verifier.verify(mint(world.key)))).toBe('KEYS_UNAVAILABLE')
      expect(await outcome(world.verifier.verify(mint(world.key)))).toBe('KEYS_UNAVAILABLE')
      if (server.requests.length > before) attempts.push(second)
    }
    expect(attempts).toEqual([0, 1, 3, 7, 15, 31, 61])
    expect(server.requests).toHaveLength(attempts.length)

    server.answer = answerJson(keySet(world.key))
    world.clock.now = NOW + 91
    expect(await outcome(world.verifier.verify(mint(world.key)))).toBe('accepted')

    // The next outage begins with short pauses again.
    server.answer = answerStatus(503)
    for (const second of [122, 123]) {
      world.clock.now = NOW + second
      const before = server.requests.length
      expect(await outcome(world.verifier.verify(mint(createKey())))).toBe('KEYS_UNAVAILABLE')
      expect(server.requests).toHaveLength(before + 1)
    }
  })
})

describe('keeping the keys', () => {
  test('KM-03 a token of a key that was published since is accepted at once, and so are those of the old key', async () => {
    const [old, next] = [createKey(), createKey()]
    const world = await publish(old)
    await using server = world.server
    expect(await outcome(world.verifier.verify(mint(old)))).toBe('accepted')

    server.answer = answerJson(keySet(old, next))
    world.clock.now += 31
    const fates = await Promise.all(
      [next, old, next, old].map((key) => outcome(world.verifier.verify(mint(key)))),
    )
    expect(fates).toEqual(['accepted', 'accepted', 'accepted', 'accepted'])
    expect(server.requests).toHaveLength(2)
  })

  test('KM-06 ten thousand tokens with unknown kids cause one request per cool-down', async () => {
    const world = await publish(createKey())
    await using server = world.server
    const stranger = createKey()
    const checks = vi.spyOn(crypto.subtle, 'verify')
    onTestFinished(() => checks.mockRestore())
    const flood = async (size: number) => {
      const kids = Array.from({ length: size }, (_, index) => `kid-${index}-${Math.random()}`)
      const fates = await Promise.all(
        kids.map((kid) => outcome(world.verifier.verify(mint({ ...stranger, kid })))),
      )
      expect(new Set(fates)).toEqual(new Set(['TOKEN_INVALID']))
    }
    await flood(10_000)
    expect(server.requests).toHaveLength(1)
    // Each of them costs less than a good token: it is refused before the work begins.
    expect(checks).not.toHaveBeenCalled()
    world.clock.now += 29
    await flood(100)
    expect(server.requests).toHaveLength(1)
    world.clock.now += 2
    await flood(100)
    expect(server.requests).toHaveLength(2)
    expect(await outcome(world.verifier.verify(mint(world.key)))).toBe('accepted')
  })

  test('stale keys are used at once while fresh ones are fetched behind the scenes', async () => {
    const world = await publish(createKey())
    await using server = world.server
    const next = createKey()
    await world.verifier.verify(mint(world.key))

    const { answered, open } = gate()
    server.answer = (request, response) =>
      void answered.then(() => answerJson(keySet(next))(request, response))
    world.clock.now += 301
    for (let time = 0; time < 50; time++) {
      expect(await outcome(world.verifier.verify(mint(world.key)))).toBe('accepted')
    }
    open()
    await eventually(async () =>
      expect(await outcome(world.verifier.verify(mint(world.key)))).toBe('TOKEN_INVALID'),
    )
    expect(await outcome(world.verifier.verify(mint(next)))).toBe('accepted')
    expect(server.requests).toHaveLength(2)
  })

  test('keys that are young are not fetched again', async () => {
    const world = await publish(createKey())
    await using server = world.server
    for (let second = 0; second <= 300; second += 10) {
      world.clock.now = NOW + second
      expect(await outcome(world.verifier.verify(mint(world.key)))).toBe('accepted')
    }
    expect(server.requests).toHaveLength(1)
  })

  test('KM-05 a key that was withdrawn is refused after twice the maximum age, even by a verifier that was idle', async () => {
    const world = await publish(createKey())
    await using server = world.server
    await world.verifier.verify(mint(world.key))

    server.answer = answerJson(keySet(createKey()))
    world.clock.now += 601
    expect(await outcome(world.verifier.verify(mintNow(world, world.key)))).toBe('TOKEN_INVALID')
  })

  test('the last good keys are kept through an outage of a day, without making tokens wait, and no longer', async () => {
    const world = await publish(createKey())
    await using server = world.server
    await world.verifier.verify(mint(world.key))

    server.answer = answerStatus(503)
    for (const age of [301, 700, 3600, DAY - 1]) {
      world.clock.now = NOW + age
      expect([age, await outcome(world.verifier.verify(mintNow(world, world.key)))]).toEqual([
        age,
        'accepted',
      ])
    }
    world.clock.now = NOW + DAY + 60
    await eventually(async () => {
      world.clock.now += 60
      expect(await outcome(world.verifier.verify(mintNow(world, world.key)))).toBe('KEYS_UNAVAILABLE')
    })

    server.answer = answerJson(keySet(world.key))
    world.clock.now += 60
    expect(await outcome(world.verifier.verify(mintNow(world, world.key)))).toBe('accepted')
  })

  test('during an outage a server that hangs delays no token after the first', async () => {
    const world = await publish(createKey(), { jwksTimeoutSeconds: 1 })
    await using server = world.server
    await world.verifier.verify(mint(world.key))

    server.answer = () => {}
    world.clock.now += 601
    expect(await outcome(world.verifier.verify(mintNow(world, world.key)))).toBe('accepted')
    world.clock.now += 60
    const started = performance.now()
    expect(await outcome(world.verifier.verify(mintNow(world, world.key)))).toBe('accepted')
    expect(performance.now() - started).toBeLessThan(500)
    await eventually(() => expect(server.requests).toHaveLength(3))
  })

  test('an unknown kid that could not be looked up is no reason to call the token bad', async () => {
    const world = await publish(createKey())
    await using server = world.server
    await world.verifier.verify(mint(world.key))

    server.answer = answerStatus(503)
    world.clock.now += 31
    expect(await outcome(world.verifier.verify(mint(createKey())))).toBe('KEYS_UNAVAILABLE')
    expect(await outcome(world.verifier.verify(mint(world.key)))).toBe('accepted')
  })

  test('an empty key set is believed: the issuer has withdrawn every key', async () => {
    const world = await publish(createKey())
    await using server = world.server
    await world.verifier.verify(mint(world.key))
    server.answer = answerJson({ keys: [] })
    world.clock.now += 601
    expect(await outcome(world.verifier.verify(mintNow(world, world.key)))).toBe('TOKEN_INVALID')
  })

  test('CK-03 a clock that jumps ahead by 30 days and back freezes neither the keys nor the cool-down', async () => {
    const [key, next] = [createKey(), createKey()]
    const world = await publish(key)
    await using server = world.server
    world.clock.now = NOW + 30 * DAY
    expect(await outcome(world.verifier.verify(mintNow(world, key)))).toBe('accepted')

    world.clock.now = NOW
    server.answer = answerJson(keySet(next))
    expect(await outcome(world.verifier.verify(mint(next)))).toBe('accepted')
    expect(await outcome(world.verifier.verify(mint(key)))).toBe('TOKEN_INVALID')
  })

  test("where requests are isolated, as in Cloudflare's workers, none waits for another's and none leaves work behind", async () => {
    const world = await publish(createKey())
    await using server = world.server
    vi.stubGlobal('navigator', { userAgent: 'Cloudflare-Workers' })
    try {
      const both = [world.verifier.verify(mint(world.key)), world.verifier.verify(mint(world.key))]
      await Promise.all(both)
      expect(server.requests).toHaveLength(2)

      server.answer = answerJson(keySet(createKey()))
      world.clock.now += 301
      expect(await outcome(world.verifier.verify(mint(world.key)))).toBe('TOKEN_INVALID')

      server.answer = answerStatus(503)
      world.clock.now += 301
      expect(await outcome(world.verifier.verify(mint(world.key)))).toBe('KEYS_UNAVAILABLE')
    } finally {
      vi.unstubAllGlobals()
    }
  })
})

describe('finding the keys', () => {
  /** Publishes metadata in its own name, changed as told, and keys. */
  async function startIssuer(
    key: SigningKey,
    changes: Record<string, unknown> = {},
    path = '',
  ): Promise<TestServer> {
    const server = await startServer((request, response) => {
      const metadata = { issuer: server.origin + path, jwks_uri: `${server.origin}/some/keys`, ...changes }
      const isMetadata = request.url === `/.well-known/oauth-authorization-server${path}`
      if (isMetadata) answerJson(metadata)(request, response)
      else if (request.url === '/some/keys') answerJson(keySet(key))(request, response)
      else answerStatus(404)(request, response)
    })
    return server
  }

  const discovering = (issuer: string) => createWorld({ issuer, jwks: undefined })

  test("without jwksUrl and jwks the keys are where the issuer's metadata says", async () => {
    const key = createKey()
    await using server = await startIssuer(key)
    const { verifier } = discovering(server.origin)
    const tokens = Array.from({ length: 20 }, () => mint(key, { claims: { iss: server.origin } }))

    expect(new Set(await Promise.all(tokens.map((token) => outcome(verifier.verify(token)))))).toEqual(
      new Set(['accepted']),
    )
    expect(server.requests).toEqual(['/.well-known/oauth-authorization-server', '/some/keys'])
  })

  test('the metadata of an issuer with a path is found below the well-known path', async () => {
    const key = createKey()
    await using server = await startIssuer(key, {}, '/tenant/a')
    const issuer = `${server.origin}/tenant/a`
    expect(await outcome(discovering(issuer).verifier.verify(mint(key, { claims: { iss: issuer } })))).toBe(
      'accepted',
    )
  })

  test.each([
    ['another issuer', { issuer: ISSUER }],
    ['the issuer and a slash', (origin: string) => ({ issuer: `${origin}/` })],
    ['no issuer', { issuer: undefined }],
    ['no keys', { jwks_uri: undefined }],
    ['keys in a file', { jwks_uri: 'file:///etc/keys.json' }],
  ])('KM-13 metadata that names %s is not believed', async (_, changes) => {
    const key = createKey()
    await using server = await startServer((request, response) => {
      const own = { issuer: server.origin, jwks_uri: `${server.origin}/some/keys` }
      const changed = typeof changes === 'function' ? changes(server.origin) : changes
      answerJson(request.url === '/some/keys' ? keySet(key) : { ...own, ...changed })(request, response)
    })
    const token = mint(key, { claims: { iss: server.origin } })
    expect(await outcome(discovering(server.origin).verifier.verify(token))).toBe('KEYS_UNAVAILABLE')
    expect(server.requests).toEqual(['/.well-known/oauth-authorization-server'])
  })
})
