import { expect, onTestFinished, test, vi } from 'vitest'
import { answerJson, startServer } from './testing/http-server.ts'
import { createKey, keySet, mint, NOW, segments } from './testing/issuer.ts'
import { createWorld, outcome } from './testing/setup.ts'

/** How often a signature was checked. */
function countSignatureChecks() {
  const checks = vi.spyOn(crypto.subtle, 'verify')
  onTestFinished(() => checks.mockRestore())
  return checks
}

test("a token's signature is checked once, however often it comes", async () => {
  const checks = countSignatureChecks()
  const { key, verifier } = createWorld()
  const token = mint(key)
  const [first, second] = [await verifier.verify(token), await verifier.verify(`${token}`)]
  expect(second).toBe(first)
  expect(checks).toHaveBeenCalledTimes(1)
  expect(verifier.stats().cache).toEqual({ size: 1, hits: 1, misses: 1 })
})

test('without a cache it is checked each time', async () => {
  const checks = countSignatureChecks()
  const { key, verifier } = createWorld({ cache: false })
  const token = mint(key)
  await verifier.verify(token)
  await verifier.verify(token)
  expect(checks).toHaveBeenCalledTimes(2)
  expect(verifier.stats().cache).toEqual({ size: 0, hits: 0, misses: 0 })
})

test('one token never answers for another, however much of it they share', async () => {
  const { key, verifier } = createWorld()
  const [ada, eve] = [mint(key, { claims: { sub: 'ada' } }), mint(key, { claims: { sub: 'eve' } })]
  await verifier.verify(ada)
  await verifier.verify(eve)
  const [header, payload, signature] = segments(ada)
  const [, evesPayload, evesSignature] = segments(eve)
  for (const mixed of [
    `${header}.${evesPayload}.${signature}`,
    `${header}.${payload}.${evesSignature}`,
    `${header}.${payload}.`,
    `${header}.${payload}`,
    `${header}..${signature}`,
    `${ada}=`,
    ` ${ada}`,
    `${ada}\n`,
    `${ada}.`,
    ada.slice(0, -1),
    ada.toUpperCase(),
    ...Array.from({ length: 50 }, (_, index) => spoil(ada, (index * 11) % ada.length)),
  ]) {
    expect(await outcome(verifier.verify(mixed)), mixed).toBe('TOKEN_INVALID')
  }
  expect((await verifier.verify(ada)).sub).toBe('ada')
  expect((await verifier.verify(eve)).sub).toBe('eve')
})

function spoil(token: string, position: number): string {
  const other = token[position] === 'A' ? 'B' : 'A'
  return token.slice(0, position) + other + token.slice(position + 1)
}

test('what was refused is not remembered, and is looked at anew each time', async () => {
  const { key, clock, verifier } = createWorld()
  const early = mint(key, { claims: { nbf: NOW + 60 } })
  expect(await outcome(verifier.verify(early))).toBe('TOKEN_INVALID')
  clock.now += 60
  expect(await outcome(verifier.verify(early))).toBe('accepted')
  for (const bad of ['x', mint(createKey()), mint(key, { claims: { aud: 'other' } })])
    await verifier.verify(bad).catch(() => {})
  expect(verifier.stats().cache.size).toBe(1)
})

test('JV-36 a remembered token is over at exp, to the second, and leaves the cache', async () => {
  const { key, clock, verifier } = createWorld({ clockLeewaySeconds: 5 })
  const token = mint(key)
  for (const [after, fate] of [
    [0, 'accepted'],
    [904, 'accepted'],
    [905, 'TOKEN_EXPIRED'],
  ] as const) {
    clock.now = NOW + after
    expect([after, await outcome(verifier.verify(token))]).toEqual([after, fate])
  }
  expect(verifier.stats().cache.size).toBe(0)
})

test('JV-36 a remembered token is not good before its time either, when a clock is set back', async () => {
  const { key, clock, verifier } = createWorld({ clockLeewaySeconds: 5 })
  const token = mint(key, { claims: { nbf: NOW } })
  expect(await outcome(verifier.verify(token))).toBe('accepted')
  clock.now = NOW - 6
  expect(await outcome(verifier.verify(token))).toBe('TOKEN_INVALID')
  clock.now = Number.NaN
  expect(await outcome(verifier.verify(token))).toBe('TOKEN_INVALID')
  clock.now = NOW
  expect(await outcome(verifier.verify(token))).toBe('accepted')
})

test('JV-37 a token is accepted ten times of ten, by each verifier for its own audience only', async () => {
  const key = createKey()
  const mine = createWorld({ audience: ['https://other.example.com', 'https://api.example.com'] }, key)
  const other = createWorld({ audience: 'https://other.example.com' }, key)
  const token = mint(key)
  for (let time = 0; time < 10; time++) {
    expect(await outcome(mine.verifier.verify(token))).toBe('accepted')
    expect(await outcome(other.verifier.verify(token))).toBe('TOKEN_INVALID')
  }
})

test('a remembered token is refused once its key has left the set or has been replaced under its name', async () => {
  const [key, namesake, other] = [createKey('ES256', 'same'), createKey('ES256', 'same'), createKey()]
  const keys = { keys: [key.jwk] }
  for (const jwks of [() => keys, async () => keys]) {
    keys.keys = [key.jwk]
    const { verifier } = createWorld({ jwks })
    const token = mint(key)
    for (const [current, fate] of [
      [[key.jwk], 'accepted'],
      [[key.jwk, other.jwk], 'accepted'],
      [[other.jwk], 'TOKEN_INVALID'],
      [[key.jwk], 'accepted'],
      [[namesake.jwk], 'TOKEN_INVALID'],
      [[key.jwk], 'accepted'],
      [[key.jwk, namesake.jwk], 'TOKEN_INVALID'],
    ] as const) {
      // The caller changes the very set that it has handed over before.
      keys.keys = [...current]
      expect(await outcome(verifier.verify(token))).toBe(fate)
      expect(await outcome(verifier.verify(token))).toBe(fate)
    }
  }
})

test('a refetched set that is the same as before costs no token its place', async () => {
  const key = createKey()
  await using server = await startServer(answerJson(keySet(key)))
  const checks = countSignatureChecks()
  const { clock, verifier } = createWorld({ jwksUrl: server.origin }, key)
  const token = mint(key)
  await verifier.verify(token)
  clock.now += 602
  await verifier.verify(token)
  expect(server.requests).toHaveLength(2)
  await verifier.verify(token)
  expect(checks).toHaveBeenCalledTimes(1)
  expect(verifier.stats().keys).toEqual({ fetches: 2, failures: 0 })
})

test('a remembered token keeps nobody from fetching the keys when they are due, nor is it good without any', async () => {
  const key = createKey()
  await using server = await startServer(answerJson(keySet(key)))
  const { clock, verifier } = createWorld({ jwksUrl: server.origin, jwksMaxStaleSeconds: 600 }, key)
  const token = mint(key)
  await verifier.verify(token)
  server.answer = answerJson({ keys: [] })
  clock.now += 601
  expect(await outcome(verifier.verify(token))).toBe('TOKEN_INVALID')
})

test('a remembered token that runs out while the keys are waited for has expired', async () => {
  const key = createKey()
  let supply = async () => keySet(key)
  const { clock, verifier } = createWorld({ jwks: () => supply() })
  const token = mint(key)
  await verifier.verify(token)
  const { promise, resolve } = Promise.withResolvers<void>()
  supply = () => promise.then(() => keySet(key))
  const verification = outcome(verifier.verify(token))
  clock.now += 905
  resolve()
  expect(await verification).toBe('TOKEN_EXPIRED')
})

test('no more tokens are remembered than the option says', async () => {
  const { key, verifier } = createWorld({ cache: { maxTokens: 10 } })
  for (let index = 0; index < 40; index++) {
    await verifier.verify(mint(key, { claims: { jti: `token-${index}` } }))
    expect(verifier.stats().cache.size).toBeLessThanOrEqual(10)
  }
})

test('nobody can change the claims that the next request is given, whether there is a cache or not', async () => {
  for (const cache of [undefined, false] as const) {
    const { key, verifier } = createWorld(cache === undefined ? {} : { cache })
    const address = { city: 'Rome', tags: [{ a: 1 }] }
    const claims = await verifier.verify(mint(key, { claims: { address } }))
    const writable = claims as unknown as { roles: string[]; sub: string; address: typeof address }
    expect(() => writable.roles.push('admin')).toThrow(TypeError)
    expect(() => {
      writable.sub = 'other'
    }).toThrow(TypeError)
    expect(() => {
      writable.address.tags[0]!.a = 2
    }).toThrow(TypeError)
    expect(() => Object.assign(claims, { admin: true })).toThrow(TypeError)
  }
})

test('claims that are nested deeper than a stack are no fault', async () => {
  const { key, verifier } = createWorld()
  const deep = JSON.parse('['.repeat(5000) + ']'.repeat(5000))
  expect(await outcome(verifier.verify(mint(key, { claims: { deep } })))).toBe('accepted')
})
