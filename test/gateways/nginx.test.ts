import { expect, test } from 'vitest'
import { sendTo } from '../support/auth.ts'
import { DISGUISE, expectAllRefused, expectAllStopped, expectPassedAs } from './expectations.ts'
import { badTokens, startGateway } from './world.ts'

/** How long nginx keeps a yes, at most. */
const KEPT_MS = 2000

test('npm start runs it, and Ctrl-C stops all of it, cleanly', async (context) => {
  const world = await startGateway('nginx', context)
  expect(await world.ask()).toEqual({
    status: 401,
    challenge: 'Bearer realm="latchkey"',
    received: undefined,
  })

  await expectAllStopped(world)
  expect(world.example.output()).not.toMatch(/error|warn|alert/i)
})

test('whoever comes with our access token gets through, under the name that the service says and no other', async (context) => {
  const { signUp, ask } = await startGateway('nginx', context)
  const user = await signUp()
  const headers = { authorization: `Bearer ${user.accessToken}`, ...DISGUISE }
  expectPassedAs(user, await ask(headers))
  // This answer comes from the cache.
  expectPassedAs(user, await ask(headers))
})

test('every other token is refused, with the reason that the service gives', async (context) => {
  const world = await startGateway('nginx', context)
  const { accessToken } = await world.signUp()
  const forge = await world.forge(accessToken)
  const tokens = {
    ...(await badTokens(world)),
    'of another kind': forge.mint({ header: { typ: 'logout+jwt' } }),
    'good for ever': forge.mint({ claims: { exp: undefined } }),
  }
  // A cache that took part of a token for its key would let some of these in.
  expect((await world.ask({ authorization: `Bearer ${accessToken}` })).status).toBe(200)
  await expectAllRefused(world, tokens, expect.stringContaining('error="invalid_token"'))
  const good = `Bearer ${accessToken}`
  expect(await world.ask({ authorization: [good, good] })).toMatchObject({ status: 400, received: undefined })
  expect(await world.ask({ authorization: 'Basic YWRhOmFkYQ==' })).toMatchObject({
    status: 401,
    challenge: 'Bearer realm="latchkey"',
  })
})

test('whoever signs out is refused within two seconds', async (context) => {
  const { example, signUp, ask } = await startGateway('nginx', context)
  const { accessToken, refreshToken } = await signUp()
  const authorization = `Bearer ${accessToken}`
  expect((await ask({ authorization })).status).toBe(200)

  await sendTo(fetch, example.serviceUrl, 'POST', '/auth/logout', { body: { refreshToken } })
  const signedOutAt = performance.now()
  let lastLetIn = signedOutAt
  for (;;) {
    const askedAt = performance.now()
    const { status } = await ask({ authorization })
    if (status === 401) break
    expect(status).toBe(200)
    lastLetIn = askedAt
  }
  expect(lastLetIn - signedOutAt).toBeLessThan(KEPT_MS)
})

test('while the service is away the answer is 503: never 401, and never the API', async (context) => {
  const { example, signUp, ask, killService } = await startGateway('nginx', context)
  const known = `Bearer ${(await signUp()).accessToken}`
  const unknown = `Bearer ${(await signUp()).accessToken}`
  expect((await ask({ authorization: known })).status).toBe(200)
  killService()
  await expect.poll(example.output).toContain('nginx goes on')

  expect(await ask({ authorization: unknown })).toEqual({ status: 503, received: undefined })
  expect((await ask()).status).toBe(503)
  const statuses: number[] = []
  const lookAgain = async () => {
    const { status } = await ask({ authorization: known })
    statuses.push(status)
    return status
  }
  await expect.poll(lookAgain, { timeout: KEPT_MS + 3000 }).toBe(503)
  expect(statuses).not.toContain(401)
})
