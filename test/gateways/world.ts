// A gateway as its reader starts it, and tokens of every kind to come with. It asserts nothing.

import { randomBytes } from 'node:crypto'
import { request } from 'node:http'
import { json } from 'node:stream/consumers'
import { onTestFinished, type TestContext } from 'vitest'
import { findProgram } from '../../examples/gateways/program.ts'
import { type Example, startExample } from '../examples/start.ts'
import { encode, type Forge, macToken, openForge } from '../http/forge.ts'
import { PASSWORD, sendTo, startAuth } from '../support/auth.ts'
import { environmentOf, newStore } from '../support/stores/store.ts'

const PROGRAMS = { haproxy: 'haproxy', nginx: 'nginx', apache: 'apache2' }

export interface World {
  example: Example
  /** What `latchkey` commands need to work on the service's keys. */
  environment: Record<string, string>
  /** Ends the service at once, and leaves the gateway alone with it. */
  killService(): void
  signUp(): Promise<SignedUp>
  /** Asks the gateway for something of the API's. */
  ask(headers?: Record<string, string | string[]>): Promise<Answer>
  forge(accessToken: string): Promise<Forge>
}

export interface SignedUp {
  userId: string
  sessionId: string
  accessToken: string
  refreshToken: string
}

export interface Answer {
  status: number
  /** `WWW-Authenticate`: how the gateway says why. */
  challenge: string | undefined
  /** What reached the API, as it says itself; `undefined` when nothing did. */
  received: { user?: string; headers: Record<string, string> } | undefined
}

/** `npm start --prefix examples/NAME`. Skips the test where the gateway is not installed; with `CI=true` it fails. */
export async function startGateway(
  name: keyof typeof PROGRAMS,
  context: TestContext,
  settings: Record<string, string> = {},
): Promise<World> {
  const program = PROGRAMS[name]
  if (findProgram(program) === undefined) {
    const reason = `${program} was not found: examples/${name}/README.md says how to install it`
    if (process.env.CI === 'true') throw new Error(reason)
    context.skip(reason)
  }
  const store = await newStore()
  const secret = randomBytes(32).toString('base64url')
  const environment = { ...environmentOf(store), LATCHKEY_SECRET: secret }
  const example = await startExample(name, { ...environment, ...settings })
  // By Ctrl-C, so that it takes its folders with it.
  onTestFinished(() => example.interrupt())
  return {
    example,
    environment,
    killService: () => void process.kill(Number(/\(process (\d+)\)/.exec(example.output())?.[1]), 'SIGKILL'),
    signUp: () => signUp(fetch, example.serviceUrl),
    ask: (headers) => ask(example.url, headers),
    forge: (accessToken) => openForge({ store, options: { secret } }, accessToken),
  }
}

/** Each is wrong in one respect alone. */
export async function badTokens({
  forge: open,
  example,
  signUp: signUpHere,
}: World): Promise<Record<string, string>> {
  const { accessToken, refreshToken } = await signUpHere()
  const forge = await open(accessToken)
  const [header = '', claims = '', signature = ''] = accessToken.split('.')
  const now = Math.floor(Date.now() / 1000)
  const foreign = await startAuth({ url: example.serviceUrl, audience: example.url })
  const thief = await openForge(foreign, (await foreign.signUp('native')).accessToken)
  return {
    'a tampered header': [encode({ ...forge.header, extra: 1 }), claims, signature].join('.'),
    'a tampered payload': [header, encode({ ...forge.claims, sub: 'somebody' }), signature].join('.'),
    'a tampered signature': [header, claims, spoil(signature)].join('.'),
    'no signature': `${header}.${claims}.`,
    'two parts': `${header}.${claims}`,
    'four parts': `${accessToken}.${signature}`,
    expired: forge.mint({ claims: { iat: now - 910, exp: now - 10 } }),
    "another issuer's name": forge.mint({ claims: { iss: 'https://other.example.com' } }),
    'the issuer with a slash more': forge.mint({ claims: { iss: `${example.serviceUrl}/` } }),
    'no issuer': forge.mint({ claims: { iss: undefined } }),
    'for another API': forge.mint({ claims: { aud: 'https://other.example.com' } }),
    'for nobody': forge.mint({ claims: { aud: undefined } }),
    "another service's key": thief.mint(),
    "another service's key under our key's name": thief.sign(forge.header, forge.claims),
    'an unknown key': forge.mint({ header: { kid: 'kUnknown' } }),
    'a path for a key': forge.mint({ header: { kid: '../../../etc/passwd' } }),
    'alg none': `${encode({ ...forge.header, alg: 'none' })}.${claims}.`,
    'alg none with a signature': forge.mint({ header: { alg: 'none' } }),
    'our public key as a shared secret': macToken(
      'HS256',
      forge.header,
      forge.claims,
      forge.publicKey.export({ format: 'pem', type: 'spki' }),
    ),
    'a refresh token': refreshToken,
    'no token at all': 'x',
  }
}

async function signUp(fetch: (request: Request) => Promise<Response>, serviceUrl: string): Promise<SignedUp> {
  const email = `${randomBytes(6).toString('hex')}@example.com`
  const { status, body } = await sendTo(fetch, serviceUrl, 'POST', '/auth/register', {
    body: { email, password: PASSWORD, client: 'native' },
  })
  if (status !== 201) throw new Error(`sign-up answered ${status}`)
  const { user, sessionId, accessToken, refreshToken } = body
  return { userId: user.id, sessionId, accessToken, refreshToken }
}

/** Not by `fetch`, which joins headers of one name. */
async function ask(url: string, headers: Record<string, string | string[]> = {}): Promise<Answer> {
  return await new Promise((resolve, reject) => {
    request(`${url}/orders`, { headers, agent: false }, async (answer) => {
      const isOfTheApi = answer.headers['content-type'] === 'application/json'
      if (!isOfTheApi) answer.resume()
      resolve({
        status: answer.statusCode ?? 0,
        challenge: answer.headers['www-authenticate'],
        received: isOfTheApi ? ((await json(answer)) as Answer['received']) : undefined,
      })
    })
      .on('error', reject)
      .end()
  })
}

/** Another signature of the same length and form. */
function spoil(signature: string): string {
  const middle = Math.floor(signature.length / 2)
  const changed = signature[middle] === 'A' ? 'B' : 'A'
  return signature.slice(0, middle) + changed + signature.slice(middle + 1)
}
