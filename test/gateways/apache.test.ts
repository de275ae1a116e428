import { expect, test } from 'vitest'
import { latchkey } from '../cli/run.ts'
import { decode } from '../http/forge.ts'
import { sendTo } from '../support/auth.ts'
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
  const { example, signUp, ask, forge, environment } = await startGateway('apache', context)
  const { accessToken: before } = await signUp()
  expect((await ask({ authorization: `Bearer ${before}` })).status).toBe(200)

  const { kid } = forge(before)
  expect((await latchkey(['keys', 'rotate', '--emergency'], { environment })).code).toBe(0)
  const published = async () => await (await fetch(`${example.serviceUrl}/.well-known/jwks.json`)).text()
  await expect.poll(published, { timeout: 30_000 }).not.toContain(kid)

  const { accessToken: after } = await signUp()
  expect(decode(after.split('.')[0]!).kid).not.toBe(kid)
  expect((await ask({ authorization: `Bearer ${after}` })).status).toBe(200)
})

test('it asks nobody: without the service it goes on, and a session that was signed out lasts as long as its token', async (context) => {
  const { example, signUp, ask, killService } = await startGateway('apache', context)
  const { accessToken, refreshToken } = await signUp()
  const authorization = `Bearer ${accessToken}`
  await sendTo(fetch, example.serviceUrl, 'POST', '/auth/logout', { body: { refreshToken } })
  expect((await ask({ authorization })).status).toBe(200)

  killService()
  await expect.poll(example.output).toContain('apache goes on')
  expect((await ask({ authorization })).status).toBe(200)
})
