// The conformance suite's chapters, one file each, and the world that they share.
// It asserts nothing by itself: conformance.ts runs it.
import { randomBytes } from 'node:crypto'
import type { Account } from '../../accounts/account.ts'
import { newId } from '../../ids.ts'
import type { StoredKey } from '../../keys/key.ts'
import type { Session } from '../../sessions/session.ts'
import type { Opening, Rotation } from '../../sessions/store.ts'
import { aSession, DAY, OPENED } from '../../sessions/testing/sessions.ts'
import type { Stores as OpenStores } from '../open.ts'

/** What every store brings. */
export type Stores = Pick<OpenStores, 'accounts' | 'sessions' | 'keys' | 'services' | 'revocations'>

/** An empty store that goes away with the test. */
export interface StoreWorld extends Stores {
  /** The same data through connections of its own, as another process has it. */
  openAgain(): Promise<Stores>
  /** Takes the store away: from here on it answers nothing. */
  takeAway(): Promise<void>
}

export type OpenWorld = () => Promise<StoreWorld>

export const LATER = OPENED + DAY
/** How long the stores of the suite are told to keep the end of a session. */
export const REFUSED_FOR_MS = 960_000
export const YEAR_2106 = Date.parse('2106-02-07T06:28:16Z')

export const HASH = { phc: '$argon2id$v=19$m=8192,t=1,p=1$c2FsdHNhbHQ$aGFzaA', pepperId: 'p1' }
export const BETTER_HASH = { phc: '$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ$aGFzaA', pepperId: 'p2' }

export function anAccount(facts: Partial<Account> = {}): Account {
  return {
    id: newId(),
    email: `${randomBytes(6).toString('hex')}@example.com`,
    emailVerified: false,
    roles: [],
    createdAt: OPENED,
    disabledAt: null,
    credentialVersion: 1,
    ...facts,
  }
}

/** An account, and sessions of it that were opened a millisecond apart, in this order. */
export async function signedIn({ accounts, sessions }: Pick<Stores, 'accounts' | 'sessions'>, count: number) {
  const account = anAccount()
  await accounts.create(account, HASH)
  const opened: Session[] = []
  for (let i = 0; i < count; i++) {
    const at = OPENED + i
    const session = aSession({ userId: account.id, createdAt: at, lastUsedAt: at })
    await sessions.open(opening(session))
    opened.push(session)
  }
  return { account, opened }
}

export function opening(session: Session, facts: Partial<Opening> = {}): Opening {
  return { session, credentialVersion: 1, maxSessions: 100, idleSince: OPENED - DAY, ...facts }
}

export function rotationOf(session: Session, facts: Partial<Session> = {}): Rotation {
  return {
    expectedGeneration: session.generation,
    next: { ...session, generation: session.generation + 1, ...facts },
  }
}

export function passwordChange({ id, credentialVersion }: Account, exceptSessionId: string | null) {
  return { userId: id, credentialVersion, password: BETTER_HASH, exceptSessionId, now: LATER }
}

export function aKey(facts: Partial<StoredKey> = {}): StoredKey {
  return {
    id: `k${randomBytes(9).toString('base64url')}`,
    purpose: 'signing',
    algorithm: 'ES256',
    publicJwk: '{"kty":"EC"}',
    sealed: randomBytes(60),
    createdAt: OPENED,
    activeFrom: OPENED,
    tokenSeconds: 900,
    ...facts,
  }
}

export function attemptOf(generation: number) {
  return { generation, keyDigest: randomBytes(16).toString('base64url') }
}

export function idsOf(list: readonly { id: string }[]): string[] {
  return list.map(({ id }) => id)
}

export function byId(a: { id: string }, b: { id: string }): number {
  return a.id < b.id ? -1 : 1
}

/** Bytes compare by what they hold, not by the class that holds them. */
export function sameBytes(session: Session) {
  return { ...session, seed: new Uint8Array(session.seed) }
}

export function sameKeyBytes(key: StoredKey): StoredKey {
  return { ...key, sealed: key.sealed === null ? null : Buffer.from(key.sealed) }
}

/** Starts the first before the second, and resolves to their results the other way round. */
export async function swapped<First, Second>(first: () => Promise<First>, second: () => Promise<Second>) {
  const [a, b] = await Promise.all([first(), second()])
  return [b, a] as const
}
