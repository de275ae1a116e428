import { randomBytes } from 'node:crypto'
import { createVerifier, type Verifier, type VerifierOptions, type VerifyError } from '@latchkey/verifier'
import { expect, onTestFinished, test } from 'vitest'
import { latchkey } from '../cli/run.ts'
import type { SignedIn } from '../refresh/client.ts'
import { over, signUpAt } from '../refresh/over-http.ts'
import { type Service, startService } from '../support/service.ts'
import { environmentOf, newStore } from '../support/stores/store.ts'

const ISSUER = 'http://localhost:4000'
const TIMEOUT_MS = 40_000

interface World {
  service: Service
  verifier: Verifier
  /** Ends the service as a power cut would, and starts it again. */
  restart(): Promise<void>
}

type Revocations = Pick<NonNullable<VerifierOptions['revocations']>, 'onStale' | 'startTimeoutSeconds'>

/** A service with one registered API, whose verifier finds it wherever it listens now. */
async function createWorld(revocations: Revocations, isReachable = (_url: string) => true): Promise<World> {
  const environment = {
    ...environmentOf(await newStore()),
    LATCHKEY_SECRET: randomBytes(32).toString('base64url'),
    LATCHKEY_URL: ISSUER,
  }
  const { stdout } = await latchkey(['services', 'add', 'orders'], { environment })
  const [clientId, clientSecret] = [/svc_[\w-]+/.exec(stdout)![0], /lks_[\w-]+/.exec(stdout)![0]]
  const world: World = {
    service: await startService(environment),
    verifier: createVerifier({
      issuer: ISSUER,
      audience: ISSUER,
      revocations: { clientId, clientSecret, ...revocations },
      fetch: async (url, init) => {
        if (!isReachable(url)) throw new Error('there is no way')
        return fetch(url.replace(ISSUER, world.service.url), init)
      },
    }),
    async restart() {
      await world.service.kill()
      world.service = await startService(environment)
    },
  }
  onTestFinished(() => world.verifier.close())
  return world
}

async function signOut({ service }: World, { refreshToken }: SignedIn): Promise<void> {
  const answer = await over(service.url).send('POST', '/auth/logout', { body: { refreshToken } })
  expect(answer.status).toBe(204)
}

async function fate({ verifier }: World, { accessToken }: SignedIn): Promise<string> {
  return await verifier.verify(accessToken).then(
    () => 'accepted',
    (error: VerifyError) => error.code,
  )
}

test('a session that ended is refused by an API that remembers its token, before and after the service was killed (LO-01, SO-02)', {
  timeout: TIMEOUT_MS,
}, async () => {
  const world = await createWorld({ onStale: 'deny' })
  await world.verifier.ready()
  const [one, other, missed] = [
    await signUpAt(world.service.url, 'native'),
    await signUpAt(world.service.url, 'browser'),
    await signUpAt(world.service.url, 'native'),
  ]
  for (const session of [one, other, missed, one, other, missed])
    expect(await fate(world, session)).toBe('accepted')

  await signOut(world, one)
  await expect.poll(() => fate(world, one), { interval: 5, timeout: 1000 }).toBe('TOKEN_REVOKED')

  // The answer is out, and the service dies before it could tell anybody else.
  await signOut(world, missed)
  await world.restart()
  await expect.poll(() => fate(world, missed), { interval: 20, timeout: 10_000 }).toBe('TOKEN_REVOKED')
  expect(await fate(world, one)).toBe('TOKEN_REVOKED')
  expect(await fate(world, other)).toBe('accepted')
  expect(await fate(world, await signUpAt(world.service.url, 'native'))).toBe('accepted')
  await expect.poll(() => world.verifier.stats().feed.state).toBe('current')
})

test('an API that cannot hear the feed but can ask is told which session has ended (LO-01, SO-02)', {
  timeout: TIMEOUT_MS,
}, async () => {
  const world = await createWorld(
    { onStale: 'introspect', startTimeoutSeconds: 0 },
    (url) => !url.endsWith('/auth/revocations'),
  )
  const session = await signUpAt(world.service.url, 'native')
  expect(await fate(world, session)).toBe('accepted')
  await signOut(world, session)
  // Its last good answer is believed for two seconds.
  await expect.poll(() => fate(world, session), { interval: 50, timeout: 3000 }).toBe('TOKEN_REVOKED')

  await world.service.kill()
  const { verifier } = world
  await expect(verifier.verify(session.accessToken)).rejects.toMatchObject({ code: 'KEYS_UNAVAILABLE' })
})
