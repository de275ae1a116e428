import { expect, test } from 'vitest'
import { basic, expectOAuthError, post, refreshByForm } from '../oauth/form.ts'
import { expectAlive, refresh, signIn } from '../refresh/client.ts'
import { PASSWORD, startAuth, type TestAuth } from '../support/auth.ts'
import { from, inTens, signInFrom, signUpFrom, type Tried, tally, times, WRONG } from './world.ts'

const HOME = '203.0.113.7'
const OFFICE = '198.51.100.1'

test('DS-03: a flood of sign-ups from one address is refused before anything is hashed, and nobody else with it', async () => {
  const world = await startAuth({ rateLimits: true, limits: { signUpsPerAddress: 5 } })
  const flood = await Promise.all(
    Array.from({ length: 200 }, (_, i) => signUpFrom(world, OFFICE, `user-${i}@example.com`)),
  )
  expect(tally(flood)).toEqual({ 201: 5, 429: 195 })
  expect(world.events.filter(({ type }) => type === 'user.registered')).toHaveLength(5)
  const refused = flood.find(({ status }) => status === 429)
  expect(refused?.body.error).toBe('RATE_LIMITED')
  expect(Number(refused?.headers.get('retry-after'))).toBeGreaterThan(3_500)
  expect(refused?.headers.get('ratelimit-policy')).toBe('"sign-up";q=5;w=3600')
  expect((await signUpFrom(world, HOME, 'ada@example.com')).status).toBe(201)
})

test('a sign-up that was malformed, or that nobody could serve, is not counted; one that asks whether an address is taken is', async () => {
  const world = await startAuth({ rateLimits: true, limits: { signUpsPerAddress: 3 } })
  const malformed = await times(10, () => signUpFrom(world, OFFICE, 'not an address'))
  expect(tally(malformed)).toEqual({ 400: 10 })
  expect((await signUpFrom(world, OFFICE, 'ada@example.com')).status).toBe(201)
  const asked = await times(4, () => signUpFrom(world, OFFICE, 'ada@example.com'))
  expect(tally(asked)).toEqual({ 409: 2, 429: 2 })
})

test('with the limits as they come, an office signs up, signs in and mistypes from one address', async () => {
  const world = await startAuth({ rateLimits: true })
  const emails = Array.from({ length: 120 }, (_, i) => `user-${i}@example.com`)
  const all = (act: (email: string) => Promise<Tried>) => inTens(emails, act)
  const signedUp = await all((email) => signUpFrom(world, OFFICE, email))
  expect(tally(signedUp)).toEqual({ 201: 120 })
  const wrong = await all((email) => signInFrom(world, OFFICE, { email, password: WRONG }))
  expect(tally(wrong)).toEqual({ 401: 120 })
  expect(tally(await all((email) => signInFrom(world, OFFICE, { email })))).toEqual({ 200: 120 })

  const { refreshToken } = signedUp[0]!.body
  const refreshes = await Promise.all(
    Array.from({ length: 400 }, () => from(world, OFFICE, '/auth/refresh', { refreshToken })),
  )
  expect(tally(refreshes), 'four hundred at once').toEqual({ 200: 400 })
}, 60_000)

test('a session that is refreshed too often is told to wait, stays as it is, and no other is held up', async () => {
  const world = await startAuth({ rateLimits: true, limits: { refreshesPerSession: 5 } })
  const [busy, other] = [await signIn(world, 'native'), await signIn(world, 'native')]
  let { refreshToken } = busy
  for (let i = 0; i < 5; i++) ({ refreshToken } = (await refresh(world, 'native', refreshToken)).body)

  const refused = await refresh(world, 'native', refreshToken)
  expect([refused.status, refused.body.error]).toEqual([429, 'RATE_LIMITED'])
  expect(refused.headers.get('retry-after')).toBe('12')
  expect(refused.headers.get('ratelimit')).toBe('"refresh";r=0;t=12')
  expect(refused.headers.get('ratelimit-policy')).toBe('"refresh";q=5;w=60')
  expect(refused.cookie).toBeUndefined()
  expectOAuthError(await refreshByForm(world, refreshToken), 429, 'temporarily_unavailable')
  expect((await refresh(world, 'native', other.refreshToken)).status).toBe(200)

  world.clock.now += 12_000
  const next = await refresh(world, 'native', refreshToken)
  expect(next.status, 'the same token, when the time is over').toBe(200)
  world.clock.now += 60_000
  await expectAlive(world, 'native', next.body.refreshToken)
})

test('nobody spends the allowance of a session without its token', async () => {
  const world = await startAuth({ rateLimits: true, limits: { refreshesPerSession: 2 } })
  const session = await signIn(world, 'native')
  const forged = `${session.refreshToken.slice(0, -2)}AA`
  const garbage = await times(20, () => refresh(world, 'native', forged))
  expect(tally(garbage)).toEqual({ 401: 20 })
  const asBrowser = await times(20, () => refresh(world, 'browser', session.refreshToken))
  expect(tally(asBrowser), 'the other way').toEqual({ 401: 20 })
  expect((await refresh(world, 'native', session.refreshToken)).status).toBe(200)
})

test('wrong credentials of a service are limited by address, and right ones always pass', async () => {
  const world = await startAuth({ rateLimits: true })
  const { id, secret } = await world.auth.services.create({ name: 'orders' })
  const ask = (address: string, authorization: Record<string, string>) => {
    const headers = { 'content-type': 'application/x-www-form-urlencoded', ...authorization }
    const request = new Request(`${world.url}/oauth/introspect`, { method: 'POST', headers, body: 'token=x' })
    return world.auth.fetch(request, { remoteAddress: address })
  }
  const guesses = await times(103, (i) => ask(OFFICE, basic(i % 2 ? id : `svc_${i}`, `lks_${i}`)))
  expect(tally(guesses)).toEqual({ 401: 100, 429: 3 })
  const refused = guesses.at(-1) as Response
  expect(await refused.json()).toMatchObject({ error: 'temporarily_unavailable' })
  expect(refused.headers.get('ratelimit-policy')).toBe('"service";q=100;w=900')
  expect((await ask(OFFICE, basic(id, secret))).status, 'the service beside the guesser').toBe(200)
  expect((await ask(HOME, basic(id, 'lks_wrong'))).status, 'another address').toBe(401)

  const feed = new Request(`${world.url}/auth/revocations`, { headers: basic(id, 'lks_wrong') })
  const answer = await world.auth.fetch(feed, { remoteAddress: OFFICE })
  expect([answer.status, (await answer.json()).error]).toEqual([429, 'RATE_LIMITED'])
})

test('a page of a trusted origin may read when to come back', async () => {
  const origin = 'https://app.example.com'
  const world = await startAuth({ rateLimits: true, trustedOrigins: [origin] })
  const attempt = () =>
    signInFrom(world, OFFICE, {
      email: 'ada@example.com',
      password: WRONG,
      client: 'browser',
      headers: { origin },
    })
  const [refused] = (await times(11, attempt)).slice(-1)
  expect(refused?.status).toBe(429)
  const exposed = refused?.headers.get('access-control-expose-headers')?.split(', ')
  expect(exposed).toEqual(expect.arrayContaining(['RateLimit', 'RateLimit-Policy', 'Retry-After']))
})

test('who calls the service inside the process, and says no address, is limited by account alone', async () => {
  const world: TestAuth = await startAuth({
    rateLimits: true,
    limits: { signUpsPerAddress: 1, passwordTriesPerAddress: 1 },
  })
  const signUps = await times(3, (i) =>
    world.send('POST', '/auth/register', { body: { email: `user-${i}@example.com`, password: PASSWORD } }),
  )
  expect(tally(signUps)).toEqual({ 201: 3 })
  const body = { email: 'user-1@example.com', password: WRONG }
  expect(tally(await times(12, () => world.send('POST', '/auth/login', { body })))).toEqual({
    401: 10,
    429: 2,
  })
  expectOAuthError(await post(world, '/oauth/introspect', { token: 'x' }), 401, 'invalid_client')
})
