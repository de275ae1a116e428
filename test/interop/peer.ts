// Verifiers that other people wrote, before the tokens of a service that listens: what each has to accept and refuse.
// Each test file beside this one opens one of them as its documentation says.
import { describe, expect, type TestContext, test } from 'vitest'
import { encode, type Forge, macToken, openForge } from '../http/forge.ts'
import { type SignedUp, startListeningAuth, type TestAuth } from '../support/auth.ts'

export type Algorithm = 'ES256' | 'EdDSA' | 'RS256'

type TokenType = 'at+jwt' | 'JWT'

/** What an API knows of the service. */
export interface Site {
  issuer: string
  audience: string
  algorithm: Algorithm
  type: TokenType
  jwksUrl: string
}

/** Whom it let in, or the reason that it gave. Anything else that happens rejects: an accident is no refusal. */
export type Verdict = { user: unknown } | { refused: string }

export type Check = (token: string) => Promise<Verdict>

const AUDIENCE = 'https://api.example.com'
const HOUR_MS = 3_600_000

interface Abilities {
  /** Those of the service's that it has. */
  algorithms: readonly Algorithm[]
  /** Whether it can be told to look at `typ`. */
  readsType: boolean
}

export function describePeer(
  name: string,
  { algorithms, readsType }: Abilities,
  open: (site: Site, context: TestContext) => Promise<Check>,
): void {
  describe.for(algorithms)(`${name}, %s`, (algorithm) => {
    test.for(['at+jwt', 'JWT'] as const)('accepts our access token, of type %s', async (type, context) => {
      const { auth, site } = await startListening(algorithm, type)
      const ada = await auth.signUp('native')
      const check = await open(site, context)
      expect(await check(ada.accessToken)).toEqual({ user: ada.userId })
    })

    test('refuses what is not our access token for this API, and says why', async (context) => {
      const { auth, site } = await startListening(algorithm)
      const ada = await auth.signUp('native')
      const check = await open(site, context)
      expect(await check(ada.accessToken)).toEqual({ user: ada.userId })

      const tokens = await badTokens(auth, ada, algorithm)
      if (!readsType) delete tokens['of another kind']
      const reasons: Record<string, string> = {}
      const expected: Record<string, unknown> = {}
      for (const [title, { token, reason }] of Object.entries(tokens)) {
        const verdict = await check(token)
        reasons[title] = 'refused' in verdict ? verdict.refused : 'let in'
        expected[title] = expect.stringMatching(reason)
      }
      expect(reasons).toEqual(expected)
      expect(Object.values(reasons)).not.toContain('let in')
      // It did not just get tired.
      expect(await check(ada.accessToken)).toEqual({ user: ada.userId })
    })
  })
}

async function startListening(
  algorithm: Algorithm,
  type: TokenType = 'at+jwt',
): Promise<{ auth: TestAuth; site: Site }> {
  const auth = await startListeningAuth({
    audience: AUDIENCE,
    signingAlgorithm: algorithm,
    accessTokenType: type,
  })
  const issuer = auth.url
  return {
    auth,
    site: { issuer, audience: AUDIENCE, algorithm, type, jwksUrl: `${issuer}/.well-known/jwks.json` },
  }
}

interface BadToken {
  token: string
  /** What the peer's words have to speak of: a token that another rule refused says nothing of this one. */
  reason: RegExp
}

async function badTokens(
  auth: TestAuth,
  ada: SignedUp,
  algorithm: Algorithm,
): Promise<Record<string, BadToken>> {
  const { accessToken, refreshToken } = ada
  const forge = await openForge(auth, accessToken)
  const [header = '', payload = '', signature = ''] = accessToken.split('.')
  const foreign = await startListening(algorithm)
  const { accessToken: foreignToken } = await foreign.auth.signUp('native')
  const thief = await openForge(foreign.auth, foreignToken)
  return {
    'tampered payload': {
      token: [header, encode({ ...forge.claims, roles: ['admin'] }), signature].join('.'),
      reason: /signature/i,
    },
    'tampered signature': { token: [header, payload, spoil(signature)].join('.'), reason: /signature/i },
    expired: { token: await issuedAnHourAgo(auth, ada), reason: /\bexp/i },
    "another service's": { token: foreignToken, reason: /key/i },
    "another service's, under the name of our key": {
      token: thief.sign(forge.header, forge.claims),
      reason: /signature/i,
    },
    "another issuer's name under our signature": {
      token: forge.mint({ claims: { iss: foreign.site.issuer } }),
      reason: /\biss|issuer/i,
    },
    'for another API': {
      token: forge.mint({ claims: { aud: 'https://other.example.com' } }),
      reason: /\baud|audience/i,
    },
    'of another kind': { token: forge.mint({ header: { typ: 'logout+jwt' } }), reason: /typ/i },
    'alg none': {
      token: `${encode({ ...forge.header, alg: 'none' })}.${payload}.`,
      reason: /alg|signature/i,
    },
    'our public key as a shared secret': { token: macedWithOurKey(forge), reason: /alg|secret|key/i },
    'refresh token': { token: refreshToken, reason: /./ },
  }
}

/** From the service itself, whose clock was set back for it. */
async function issuedAnHourAgo(auth: TestAuth, { refreshToken }: SignedUp): Promise<string> {
  auth.clock.now -= HOUR_MS
  const { body } = await auth.send('POST', '/auth/refresh', { body: { refreshToken } })
  auth.clock.now += HOUR_MS
  return body.accessToken
}

function macedWithOurKey({ header, claims, publicKey }: Forge): string {
  return macToken('HS256', header, claims, publicKey.export({ format: 'pem', type: 'spki' }))
}

/** Another signature of the same length and form. */
function spoil(signature: string): string {
  const middle = Math.floor(signature.length / 2)
  const changed = signature[middle] === 'A' ? 'B' : 'A'
  return signature.slice(0, middle) + changed + signature.slice(middle + 1)
}
