import { expect, test } from 'vitest'
import { startListeningAuth } from '../support/auth.ts'
import { type Api, kidOf, publishedKids, signUpPerson, startApi } from './fleet.ts'

const SECOND = 1000
const TOKEN_SECONDS = 900
/** What `Cache-Control` lets anybody keep the key set for, and for how long a verifier keeps it by default. */
const KEPT_SECONDS = 300
/** How long a key that was withdrawn may go on where nobody is told of it. */
const BOUND_SECONDS = 2 * KEPT_SECONDS
const STEP_SECONDS = 15
const STEPS = 300
const STEPS_PER_KEY = 90

test('no good token is refused while keys rotate, by an API that is busy, one that slept or one that just started (KM-03, KM-04)', async () => {
  const world = await startListeningAuth({ accessTtlSeconds: TOKEN_SECONDS })
  const people = await Promise.all(Array.from({ length: 4 }, () => signUpPerson(world)))
  const busy = [startApi(world), startApi(world)]
  const sleeper = startApi(world)
  /** Every token, by the time at which it expires. */
  const issued: { token: string; expiresAt: number }[] = []
  const firstPublished = new Map<string, number>()
  const firstSigned = new Map<string, number>()
  const refused: string[] = []

  for (let step = 0; step < STEPS; step++) {
    const { now } = world.clock
    const good = issued.filter(({ expiresAt }) => expiresAt > now).map(({ token }) => token)
    const apis = [...busy, startApi(world), ...(step % 100 === 99 ? [sleeper] : [])]
    // All of it at once: tokens are issued and checked, the oldest among them, and a key is made, in any order.
    const [fresh, kids] = await Promise.all([
      Promise.all(people.map((person) => person.nextToken())),
      publishedKids(world),
      step % STEPS_PER_KEY === 10 ? world.auth.keys.rotate() : undefined,
      ...apis.map(async (api) =>
        refused.push(...(await refusals(api, [...good.slice(0, 4), ...good.slice(-4)]))),
      ),
    ])
    for (const api of apis) refused.push(...(await refusals(api, fresh)))
    for (const kid of kids) if (!firstPublished.has(kid)) firstPublished.set(kid, now)
    for (const token of fresh) {
      issued.push({ token, expiresAt: now + TOKEN_SECONDS * SECOND })
      if (!firstSigned.has(kidOf(token))) firstSigned.set(kidOf(token), now)
    }
    world.clock.now += STEP_SECONDS * SECOND
  }

  expect(refused).toEqual([])
  const [, ...rotated] = firstSigned.keys()
  expect(rotated).toHaveLength(3)
  for (const kid of rotated) {
    const ahead = firstSigned.get(kid)! - firstPublished.get(kid)!
    expect(ahead).toBeGreaterThanOrEqual(KEPT_SECONDS * SECOND)
  }
  // Time alone made them ask again, never a name that they had not heard.
  const periods = (STEPS * STEP_SECONDS) / KEPT_SECONDS
  for (const api of busy) expect(api.keySetsFetched()).toBeLessThanOrEqual(periods + 1)
})

test('a key that is replaced in an emergency is refused at once by who sees a token of the new one, and by everybody else within twice the time that they keep the key set (KM-05)', async () => {
  const world = await startListeningAuth({ accessTtlSeconds: 3600 })
  const ada = await signUpPerson(world)
  const leaked = await ada.nextToken()
  const [told, asked, seldom, sleeper] = [startApi(world), startApi(world), startApi(world), startApi(world)]
  for (const api of [told, asked, sleeper]) expect(await api.check(leaked)).toBe('accepted')
  world.clock.now += 60 * SECOND
  expect(await seldom.check(leaked)).toBe('accepted')
  world.clock.now += SECOND
  await world.auth.keys.replaceAll()
  const replacedAt = world.clock.now
  const secondsSince = () => (world.clock.now - replacedAt) / SECOND

  expect(await told.check(await ada.nextToken())).toBe('accepted')
  expect(await told.check(leaked)).toBe('TOKEN_INVALID')
  expect(await startApi(world).check(leaked)).toBe('TOKEN_INVALID')

  let acceptedFor = 0
  while (secondsSince() < BOUND_SECONDS - STEP_SECONDS) {
    if ((await asked.check(leaked)) === 'accepted') acceptedFor = secondsSince()
    world.clock.now += STEP_SECONDS * SECOND
  }
  expect(acceptedFor).toBeLessThan(BOUND_SECONDS - STEP_SECONDS)
  // The set that this one has is as old as a set gets that is used while the next is fetched.
  expect(await seldom.check(leaked)).toBe('accepted')

  world.clock.now = replacedAt + BOUND_SECONDS * SECOND
  const fresh = await ada.nextToken()
  for (const api of [told, asked, seldom, sleeper]) {
    await expect.poll(() => api.check(leaked)).toBe('TOKEN_INVALID')
    expect(await api.check(fresh)).toBe('accepted')
  }
})

test('who hears the feed of revocations refuses a replaced key at once, also tokens that it has seen, and lets in those of the new one (KM-05)', async () => {
  const world = await startListeningAuth()
  const ada = await signUpPerson(world)
  const leaked = await ada.nextToken()
  const apis = await Promise.all(
    Array.from({ length: 5 }, async (_, n) => {
      const { id, secret } = await world.auth.services.create({ name: `api ${n}` })
      return startApi(world, { clientId: id, clientSecret: secret })
    }),
  )
  for (const api of apis) expect(await api.check(leaked)).toBe('accepted')

  // The clock stands still: no copy of the key set gets any older.
  await world.auth.keys.replaceAll()
  for (const api of apis) await expect.poll(() => api.check(leaked)).toBe('TOKEN_INVALID')
  const fresh = await ada.nextToken()
  for (const api of apis) await expect.poll(() => api.check(fresh)).toBe('accepted')
})

async function refusals(api: Api, tokens: readonly string[]): Promise<string[]> {
  const codes = await Promise.all(tokens.map((token) => api.check(token)))
  return codes.filter((code) => code !== 'accepted')
}
