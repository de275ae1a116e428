import { expect, test } from 'vitest'
import { latchkey } from '../cli/run.ts'
import { badTokens, startGateway } from './world.ts'

test('npm start runs it, and Ctrl-C stops all of it, cleanly', async (context) => {
  const { example, ask } = await startGateway('apache', context)
  expect(await ask()).toMatchObject({ status: 401, challenge: expect.stringMatching(/^Bearer /) })

  await example.interrupt()
  await expect(ask()).rejects.toThrow()
  await expect(fetch(example.serviceUrl)).rejects.toThrow()
  expect(example.output()).not.toMatch(/error|warn|alert/i)
})

test('whoever comes with our access token gets through, under the name that the token says and no other', async (context) => {
  const { signUp, ask } = await startGateway('apache', context)
  const { accessToken, userId, sessionId } = await signUp()
  const { status, received } = await ask({
    authorization: `Bearer ${accessToken}`,
    'X-User': 'root',
    x_user: 'root',
    'X-Session': ['one', 'two'],
    'X-Roles': 'admin',
    x_roles: 'admin',
    'OIDC-CLAIM-sub': 'root',
    OIDC_CLAIM_sid: 'one',
  })
  expect([status, received?.user]).toEqual([200, userId])
  expect(received?.headers).toMatchObject({ 'x-user': userId, 'x-session': sessionId })
  expect(JSON.stringify(received)).not.toMatch(/root|admin|authorization|one/)
})

test('every other token is refused', async (context) => {
  const world = await startGateway('apache', context)
  const { accessToken } = await world.signUp()
  const tokens = await badTokens(world)
  for (const [title, token] of Object.entries(tokens)) {
    expect([title, await world.ask({ authorization: `Bearer ${token}` })]).toEqual([
      title,
      { status: 401, challenge: expect.stringMatching(/^Bearer .*error="\w+"/), received: undefined },
    ])
  }
  const good = `Bearer ${accessToken}`
  expect(await world.ask({ authorization: [good, good] })).toMatchObject({ status: 401, received: undefined })
  expect(await world.ask({ authorization: 'Basic YWRhOmFkYQ==' })).toMatchObject({
    status: 401,
    received: undefined,
  })
  expect((await world.ask({ authorization: good })).status).toBe(200)
})

test('it looks up a key that it does not know at once, so a rotation needs no restart', {
  timeout: 60_000,
}, async (context) => {
  const { signUp, ask, environment } = await startGateway('apache', context)
  const askAs = async () => (await ask({ authorization: `Bearer ${(await signUp()).accessToken}` })).status
  const keysOf = async () => (await latchkey(['keys', 'list'], { environment })).stdout
  expect(await askAs()).toBe(200)

  const before = await keysOf()
  expect((await latchkey(['keys', 'rotate', '--emergency'], { environment })).code).toBe(0)
  expect(await keysOf()).not.toBe(before)
  expect(await askAs()).toBe(200)
})
