import { randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { startAuth } from '../support/auth.ts'
import {
  expectAlive,
  expectRefused,
  newKey,
  refresh,
  restart,
  signIn,
  signInAgain,
  startBeside,
} from './client.ts'

const newSecret = () => randomBytes(32).toString('base64url')

test('a new secret before the old one: sessions, tokens, passwords and keys go on (KM-11)', async () => {
  const world = await startAuth()
  const session = await signIn(world, 'native')
  const key = newKey()
  const lost = await refresh(world, 'native', session.refreshToken, { key })
  const again = await restart(world, { secret: [newSecret(), world.options.secret as string] })

  expect((await again.send('GET', '/auth/me', { bearer: session.accessToken })).status).toBe(200)
  const retried = await refresh(again, 'native', session.refreshToken, { key })
  expect(retried.status).toBe(200)
  await expectAlive(again, 'native', lost.refreshToken)
  await signInAgain(again, 'native', session.email)
})

test('once the old secret is dropped, who has refreshed meanwhile stays signed in, and every password still works (KM-11)', async () => {
  const world = await startAuth()
  const [active, away] = [await signIn(world, 'native'), await signIn(world, 'native')]
  const secret = newSecret()
  const during = await restart(world, { secret: [secret, world.options.secret as string] })
  const newest = await expectAlive(during, 'native', active.refreshToken)
  await during.auth.close()

  const after = await startBeside(world, { secret })
  expect((await after.send('GET', '/auth/me', { bearer: active.accessToken })).status).toBe(200)
  await expectAlive(after, 'native', newest)
  expectRefused(await refresh(after, 'native', away.refreshToken), 401, 'REFRESH_INVALID')
  for (const { email } of [active, away]) await signInAgain(after, 'native', email)
})

test('a copy of the database without the secret signs nobody in: it does not even start', async () => {
  const world = await startAuth()
  const session = await signIn(world, 'native')
  await world.auth.close()
  const start = startBeside(world, { secret: newSecret() })
  await expect(start).rejects.toThrow(/secret|SECRET/)
  const { message } = (await start.catch((error: unknown) => error)) as Error
  expect(message).not.toContain(world.options.secret as string)

  const right = await startBeside(world)
  await expectAlive(right, 'native', session.refreshToken)
})

test('a secret alone makes no token for a database that has other seeds', async () => {
  const world = await startAuth()
  const other = await startAuth({ secret: world.options.secret })
  const session = await signIn(other, 'native')
  expectRefused(await refresh(world, 'native', session.refreshToken), 401, 'REFRESH_INVALID')
})

test('a password still works after the secret was changed twice: its pepper is sealed anew each time', async () => {
  const world = await startAuth()
  const session = await signIn(world, 'native')
  const [second, third] = [newSecret(), newSecret()]
  const one = await restart(world, { secret: [second, world.options.secret as string] })
  await one.auth.close()
  const two = await startBeside(world, { secret: [third, second] })
  await two.auth.close()
  await signInAgain(await startBeside(world, { secret: third }), 'native', session.email)
})
