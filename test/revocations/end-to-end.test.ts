import { randomBytes } from 'node:crypto'
import { createVerifier, type StalePolicy, type Verifier, type VerifyError } from '@latchkey/verifier'
import { expect, onTestFinished, test } from 'vitest'
import { latchkey } from '../cli/run.ts'
import { type SignedIn, signInAgain } from '../refresh/client.ts'
import { over, signUpAt } from '../refresh/over-http.ts'
import { type Service, startService } from '../support/service.ts'
import { environmentOf, newStore } from '../support/stores/store.ts'

const ISSUER = 'http://localhost:4000'
const STALE_AFTER_SECONDS = 60
const POLICIES = ['allow', 'deny', 'introspect'] as const satisfies StalePolicy[]

/** Two processes of one store: the APIs hear the feed of one, and ask the other where they are to ask. */
async function startNeighbours() {
  const environment = {
    ...environmentOf(await newStore()),
    LATCHKEY_SECRET: randomBytes(32).toString('base64url'),
    LATCHKEY_URL: ISSUER,
  }
  const { stdout } = await latchkey(['services', 'add', 'orders'], { environment })
  const [heard, asked] = await Promise.all([startService(environment), startService(environment)])
  return {
    heard,
    asked,
    credentials: {
      clientId: /svc_[\w-]+/.exec(stdout)![0],
      clientSecret: /lks_[\w-]+/.exec(stdout)![0],
    },
    /** Where it was, as a supervisor does. */
    restartTheOneThatIsHeard: () => startService({ ...environment, PORT: new URL(heard.url).port }),
  }
}

type Fates = Record<StalePolicy, string>

/** One API for each policy, with a clock that they share. */
function createApis({ heard, asked, credentials }: Awaited<ReturnType<typeof startNeighbours>>) {
  let travelledSeconds = 0
  const verifiers = POLICIES.map((onStale) => {
    const verifier = createVerifier({
      issuer: ISSUER,
      audience: ISSUER,
      jwksUrl: `${asked.url}/.well-known/jwks.json`,
      now: () => Date.now() + travelledSeconds * 1000,
      revocations: {
        ...credentials,
        url: `${heard.url}/auth/revocations`,
        introspectionUrl: `${asked.url}/oauth/introspect`,
        onStale,
        staleAfterSeconds: STALE_AFTER_SECONDS,
        startTimeoutSeconds: 30,
      },
    })
    onTestFinished(() => verifier.close())
    return [onStale, verifier] as const
  })
  return {
    travel(seconds: number) {
      travelledSeconds += seconds
    },
    ready: () => Promise.all(verifiers.map(([, verifier]) => verifier.ready())),
    states: () => new Set(verifiers.map(([, verifier]) => verifier.stats().feed.state)),
    async fates({ accessToken }: SignedIn): Promise<Fates> {
      const each = verifiers.map(async ([onStale, verifier]) => [onStale, await fate(verifier, accessToken)])
      return Object.fromEntries(await Promise.all(each)) as Fates
    },
  }
}

function fate(verifier: Verifier, token: string): Promise<string> {
  return verifier.verify(token).then(
    () => 'accepted',
    (error: VerifyError) => error.code,
  )
}

function all(fate: string): Fates {
  return { allow: fate, deny: fate, introspect: fate }
}

async function endAt({ url }: Service, own: SignedIn, other: SignedIn): Promise<void> {
  const answer = await over(url).send('DELETE', `/auth/sessions/${other.sessionId}`, {
    bearer: own.accessToken,
  })
  expect(answer.status).toBe(204)
}

test('while the service that is heard is dead, sessions end elsewhere: each API does what it was told to, and misses nothing once it is back (LO-01, SO-02)', {
  timeout: 40_000,
}, async () => {
  const neighbours = await startNeighbours()
  const { heard, asked } = neighbours
  const apis = createApis(neighbours)
  await apis.ready()
  const own = await signUpAt(heard.url, 'native')
  const another = () => signInAgain(over(heard.url), 'native', own.email)
  const [here, lastMoment, meanwhile] = [await another(), await another(), await another()]
  // From here on each of them remembers each of the tokens.
  for (const session of [own, here, lastMoment, meanwhile])
    expect(await apis.fates(session)).toEqual(all('accepted'))

  await endAt(heard, own, here)
  await expect.poll(() => apis.fates(here), { interval: 5, timeout: 2000 }).toEqual(all('TOKEN_REVOKED'))

  await endAt(heard, own, lastMoment)
  await heard.kill()
  await endAt(asked, own, meanwhile)

  // One that is connected no more for less than the time that was set is believed still, by every policy.
  apis.travel(STALE_AFTER_SECONDS / 2)
  expect(await apis.fates(meanwhile)).toEqual(all('accepted'))
  expect(apis.states()).toEqual(new Set(['connecting']))

  apis.travel(STALE_AFTER_SECONDS / 2)
  expect(apis.states()).toEqual(new Set(['stale']))
  expect(await apis.fates(meanwhile)).toEqual({
    allow: 'accepted',
    deny: 'KEYS_UNAVAILABLE',
    introspect: 'TOKEN_REVOKED',
  })
  expect(await apis.fates(own)).toEqual({ ...all('accepted'), deny: 'KEYS_UNAVAILABLE' })
  expect(await apis.fates(here)).toEqual(all('TOKEN_REVOKED'))

  await neighbours.restartTheOneThatIsHeard()
  await expect.poll(() => apis.states(), { interval: 20, timeout: 15_000 }).toEqual(new Set(['current']))
  for (const ended of [here, lastMoment, meanwhile])
    expect(await apis.fates(ended)).toEqual(all('TOKEN_REVOKED'))
  expect(await apis.fates(own)).toEqual(all('accepted'))
})
