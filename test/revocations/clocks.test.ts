import { createVerifier } from '@latchkey/verifier'
import { expect, onTestFinished, test } from 'vitest'
import { restart, SECOND, signIn, startBeside } from '../refresh/client.ts'
import { startAuth } from '../support/auth.ts'

test('the end of a session is told for as long as the most forgiving verifier, a minute behind, takes its token (LO-15)', async () => {
  const world = await startAuth()
  world.clock.now = Math.ceil(world.clock.now / SECOND) * SECOND
  const { id, secret } = await world.auth.services.create({ name: 'orders' })
  const [ended, live] = [await signIn(world, 'native'), await signIn(world, 'native')]
  await world.send('POST', '/auth/logout', { body: { refreshToken: ended.refreshToken } })

  // Its access token runs out after 900 s, and is forgiven 300 s more by a clock that shows 60 s less.
  world.clock.now += (900 + 300 + 60) * SECOND - 1
  const { auth } = await restart(world)
  const verifier = createVerifier({
    issuer: world.url,
    audience: world.url,
    clockLeewaySeconds: 300,
    revocations: { clientId: id, clientSecret: secret, onStale: 'deny' },
    now: () => world.clock.now - 60 * SECOND,
    fetch: (url, init) => auth.fetch(new Request(url, init)),
  })
  onTestFinished(() => verifier.close())
  await expect(verifier.verify(ended.accessToken)).rejects.toMatchObject({ code: 'TOKEN_REVOKED' })
  await expect(verifier.verify(live.accessToken)).resolves.toMatchObject({ sid: live.sessionId })
})

test('the end of a session is told for as long as its tokens live, also when newer ones live shorter (LO-15)', async () => {
  const world = await startAuth({ accessTtlSeconds: 7200 })
  const { id, secret } = await world.auth.services.create({ name: 'orders' })
  const [ended, live] = [await signIn(world, 'native'), await signIn(world, 'native')]
  const lowered = await restart(world, { accessTtlSeconds: 60 })
  await lowered.send('POST', '/auth/logout', { body: { refreshToken: ended.refreshToken } })
  // The key that signed the tokens of before has to last for them, too.
  await lowered.auth.keys.rotate()

  world.clock.now += 7190 * SECOND
  const { auth } = await startBeside(world, { accessTtlSeconds: 60 })
  const verifier = createVerifier({
    issuer: world.url,
    audience: world.url,
    revocations: { clientId: id, clientSecret: secret, onStale: 'deny' },
    now: () => world.clock.now,
    fetch: (url, init) => auth.fetch(new Request(url, init)),
  })
  onTestFinished(() => verifier.close())
  await expect(verifier.verify(ended.accessToken)).rejects.toMatchObject({ code: 'TOKEN_REVOKED' })
  await expect(verifier.verify(live.accessToken)).resolves.toMatchObject({ sid: live.sessionId })
})
