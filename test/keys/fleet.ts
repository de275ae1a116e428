// Services that check tokens, and people who get them: each over HTTP, all by the one clock that the test sets.
// It owns no rule of keys, and asserts nothing.
import { createVerifier, type RevocationOptions, type Verifier, VerifyError } from '@latchkey/verifier'
import { onTestFinished } from 'vitest'
import { sendTo, type TestAuth } from '../support/auth.ts'

export interface Api {
  /** `accepted`, or the code with which the token was refused. */
  check(token: string): Promise<string>
  /** How often it asked for the key set. */
  keySetsFetched(): number
}

/** An API of its own, which has asked for nothing yet. With credentials it hears of revocations too. */
export function startApi({ url, clock }: TestAuth, revocations?: RevocationOptions): Api {
  let fetched = 0
  const verifier: Verifier = createVerifier({
    issuer: url,
    audience: url,
    now: () => clock.now,
    // A slow machine is no outage.
    jwksTimeoutSeconds: 60,
    ...(revocations === undefined ? {} : { revocations }),
    fetch: async (address, init) => {
      const response = await fetch(address, init)
      if (address.endsWith('/jwks.json')) fetched++
      return response
    },
  })
  onTestFinished(() => verifier.close())
  return {
    keySetsFetched: () => fetched,
    async check(token) {
      try {
        await verifier.verify(token)
        return 'accepted'
      } catch (error) {
        if (error instanceof VerifyError) return error.code
        throw error
      }
    },
  }
}

export interface Person {
  /** The next access token, from a refresh over HTTP. */
  nextToken(): Promise<string>
}

export async function signUpPerson(world: TestAuth): Promise<Person> {
  let { refreshToken } = await world.signUp('native')
  return {
    async nextToken() {
      const { status, body } = await sendTo(fetch, world.url, 'POST', '/auth/refresh', {
        body: { refreshToken },
      })
      if (status !== 200) throw new Error(`the refresh was answered with ${status}`)
      refreshToken = body.refreshToken
      return body.accessToken
    },
  }
}

export function kidOf(token: string): string {
  const [header = ''] = token.split('.')
  return (JSON.parse(Buffer.from(header, 'base64url').toString()) as { kid: string }).kid
}

/** The names in the key set, as anybody gets it. */
export async function publishedKids({ url }: TestAuth): Promise<string[]> {
  const { body } = await sendTo(fetch, url, 'GET', '/.well-known/jwks.json')
  return body.keys.map(({ kid }: { kid: string }) => kid)
}
