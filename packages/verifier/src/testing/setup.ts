import type { VerifyErrorCode } from '@latchkey/protocol'
import { expect } from 'vitest'
import { VerifyError } from '../errors.ts'
import type { VerifierOptions } from '../options.ts'
import { createVerifier, type Verifier } from '../verify.ts'
import { AUDIENCE, createKey, ISSUER, keySet, NOW, type SigningKey } from './issuer.ts'

export interface World {
  key: SigningKey
  /** Seconds since the epoch; set it to move the verifier's clock. */
  clock: { now: number }
  verifier: Verifier
}

/** A verifier that knows one key of the issuer, at NOW. */
export function createWorld(options: Partial<VerifierOptions> = {}, key = createKey()): World {
  const clock = { now: NOW }
  const known = options.jwksUrl ? {} : { jwks: keySet(key) }
  const verifier = createVerifier({
    issuer: ISSUER,
    audience: AUDIENCE,
    ...known,
    now: () => clock.now * 1000,
    ...options,
  })
  return { key, clock, verifier }
}

/** The code with which a verification was refused, or `accepted`. */
export async function outcome(verification: Promise<unknown>): Promise<VerifyErrorCode | 'accepted'> {
  try {
    await verification
    return 'accepted'
  } catch (error) {
    expect(error).toBeInstanceOf(VerifyError)
    return (error as VerifyError).code
  }
}

/** Named, so that a failing test shows which of them it was. */
export type Tokens = Record<string, string>

export function fromEach<Item>(items: readonly Item[], token: (item: Item) => string): Tokens {
  return Object.fromEntries(items.map((item) => [JSON.stringify(item), token(item)]))
}

/** Each of them breaks a rule. They should be valid but for that, so that no other rule can be the one that refused them. */
export async function expectAllRefused(verifier: Verifier, tokens: Tokens): Promise<void> {
  await expectAll(verifier, tokens, 'TOKEN_INVALID')
}

export async function expectAllAccepted(verifier: Verifier, tokens: Tokens): Promise<void> {
  await expectAll(verifier, tokens, 'accepted')
}

async function expectAll(
  verifier: Verifier,
  tokens: Tokens,
  fate: VerifyErrorCode | 'accepted',
): Promise<void> {
  const fates: Record<string, string> = {}
  for (const [name, token] of Object.entries(tokens)) fates[name] = await outcome(verifier.verify(token))
  expect(fates).toEqual(Object.fromEntries(Object.keys(tokens).map((name) => [name, fate])))
}
