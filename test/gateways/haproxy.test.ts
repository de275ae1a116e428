import { expect, test } from 'vitest'
import { latchkey } from '../cli/run.ts'
import {
  DISGUISE,
  expectAllRefused,
  expectAllStopped,
  expectPassedAs,
  expectToAskNobody,
} from './expectations.ts'
import { badTokens, startGateway } from './world.ts'

test('npm start runs it, and Ctrl-C stops all of it, cleanly', async (context) => {
  const world = await startGateway('haproxy', context)
  expect(await world.ask()).toEqual({ status: 401, challenge: 'Bearer', received: undefined })

  await expectAllStopped(world)
  expect(withoutGoodbyes(world.example.output())).not.toMatch(/error|warn|alert/i)
})

test('whoever comes with our access token gets through, under the name that the token says and no other', async (context) => {
  const { signUp, ask } = await startGateway('haproxy', context)
  const user = await signUp()
  const answer = await ask({ authorization: `Bearer ${user.accessToken}`, ...DISGUISE })
  expectPassedAs(user, answer)
})

test('every other token is refused, and so is a good one that comes with another', async (context) => {
  const world = await startGateway('haproxy', context)
  const { accessToken } = await world.signUp()
  const forge = await world.forge(accessToken)
  const tokens = {
    ...(await badTokens(world)),
    'of another kind': forge.mint({ header: { typ: 'logout+jwt' } }),
    'good for ever': forge.mint({ claims: { exp: undefined } }),
    "nobody's": forge.mint({ claims: { sub: undefined } }),
    // Of the last character two bits count; the other four could hold anything.
    'in another spelling': anotherSpelling(accessToken),
  }
  const refusal = { status: 401, challenge: 'Bearer error="invalid_token"', received: undefined }
  await expectAllRefused(world, tokens, refusal.challenge)
  const good = `Bearer ${accessToken}`
  expect(await world.ask({ authorization: [good, good] })).toEqual(refusal)
  expect(await world.ask({ authorization: 'Basic YWRhOmFkYQ==' })).toEqual(refusal)
  expect((await world.ask({ authorization: good })).status).toBe(200)
})

test('it asks nobody: without the service it goes on, and a session that was signed out lasts as long as its token', async (context) => {
  await expectToAskNobody(await startGateway('haproxy', context))
})

test('it follows a key rotation, and the emergency one, without failing a request', {
  timeout: 90_000,
}, async (context) => {
  const { example, signUp, ask, environment } = await startGateway('haproxy', context)
  const { accessToken } = await signUp()
  const statuses = new Set<number>()
  const askWith = async (token: string) => {
    const { status } = await ask({ authorization: `Bearer ${token}` })
    statuses.add(status)
    return status
  }
  const loads = async () => {
    await askWith(accessToken)
    return example.output().match(/HAProxy loads it/g)?.length
  }

  expect((await latchkey(['keys', 'rotate'], { environment })).code).toBe(0)
  await expect.poll(loads, { timeout: 30_000, interval: 10 }).toBe(1)
  for (let i = 0; i < 200; i++) await askWith(accessToken)
  expect([...statuses]).toEqual([200])

  expect((await latchkey(['keys', 'rotate', '--emergency'], { environment })).code).toBe(0)
  await expect.poll(() => askWith(accessToken), { timeout: 30_000 }).toBe(401)
  expect(await askWith((await signUp()).accessToken)).toBe(200)
  expect([...statuses].sort()).toEqual([200, 401])
})

/** HAProxy alerts when it is stopped, also by the one who may. */
function withoutGoodbyes(output: string): string {
  return output.replaceAll(
    /^.*(?:Exiting Master process|exited with code 1(?:30|43)|All workers exited).*$/gm,
    '',
  )
}

function anotherSpelling(token: string): string {
  const last = token.at(-1)!
  return token.slice(0, -1) + String.fromCharCode(last.charCodeAt(0) + 1)
}
