import { expect, test } from 'vitest'
import { latchkey } from '../cli/run.ts'
import { decode } from '../http/forge.ts'
import {
  DISGUISE,
  expectAllRefused,
  expectAllStopped,
  expectPassedAs,
  expectToAskNobody,
} from './expectations.ts'
import { badTokens, startGateway } from './world.ts'

test('npm start runs it, and Ctrl-C stops all of it, cleanly', async (context) => {
  const world = await startGateway('apache', context)
  expect(await world.ask()).toMatchObject({ status: 401, challenge: expect.stringMatching(/^Bearer /) })

  await expectAllStopped(world)
  expect(world.example.output()).not.toMatch(/error|warn|alert/i)
})

test('whoever comes with our access token gets through, under the name that the token says and no other', async (context) => {
  const { signUp, ask } = await startGateway('apache', context)
  const user = await signUp()
  const answer = await ask({
    authorization: `Bearer ${user.accessToken}`,
    ...DISGUISE,
    'OIDC-CLAIM-sub': 'root',
    OIDC_CLAIM_sid: 'one',
  })
  expectPassedAs(user, answer)
})

test('every other token is refused', async (context) => {
  const world = await startGateway('apache', context)
  const { accessToken } = await world.signUp()
  await expectAllRefused(world, await badTokens(world), expect.stringMatching(/^Bearer .*error="\w+"/))
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
  const { example, signUp, ask, forge, environment } = await startGateway('apache', context)
  const { accessToken: before } = await signUp()
  expect((await ask({ authorization: `Bearer ${before}` })).status).toBe(200)

  const { kid } = await forge(before)
  expect((await latchkey(['keys', 'rotate', '--emergency'], { environment })).code).toBe(0)
  const published = async () => await (await fetch(`${example.serviceUrl}/.well-known/jwks.json`)).text()
  await expect.poll(published, { timeout: 30_000 }).not.toContain(kid)

  const { accessToken: after } = await signUp()
  expect(decode(after.split('.')[0]!).kid).not.toBe(kid)
  expect((await ask({ authorization: `Bearer ${after}` })).status).toBe(200)
})

test('it asks nobody: without the service it goes on, and a session that was signed out lasts as long as its token', async (context) => {
  await expectToAskNobody(await startGateway('apache', context))
})
