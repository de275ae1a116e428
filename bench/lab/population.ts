import { createSecretKey, hash } from 'node:crypto'
import { bytesToId } from '../../packages/server/src/ids.ts'
import { deriveKey } from '../../packages/server/src/keys/seal.ts'
import { createRefreshTokens } from '../../packages/server/src/sessions/refresh-token.ts'
import type { Session } from '../../packages/server/src/sessions/session.ts'
import type { Rotation } from '../../packages/server/src/sessions/store.ts'

// People who sign in once and refresh now and then, each a function of a number: a million of them are kept nowhere but in the store.
const GENERATION = 5
const DAY_MS = 86_400_000
const LIFETIME_MS = 30 * DAY_MS
const AGENT_TEXT = 'AppleWebKit/537.36 (KHTML, like Gecko) Chrome'
/** As long as those that the service makes. */
export const PASSWORD_HASH = `$argon2id$v=19$m=19456,t=2,p=1$${'s'.repeat(22)}$${'h'.repeat(43)}`

const born = Date.now()

/** A live session of a browser, refreshed four times with an `Idempotency-Key` each. */
export function sessionOf(number: number): Session {
  const random = randomOf(`session ${number}`)
  const createdAt = createdAtOf(number)
  return {
    id: uuid(random.subarray(0, 16)),
    userId: userIdOf(number),
    client: 'browser',
    seed: random.subarray(16, 32),
    generation: GENERATION,
    createdAt,
    lastUsedAt: born - (random.readUInt32BE(36) % 3_600_000),
    expiresAt: createdAt + LIFETIME_MS,
    attempts: [1, 2, 3, 4].map((generation) => ({ generation, keyDigest: digestOf(random, generation) })),
    ip: Array.from(random.subarray(40, 44), (byte) => byte).join('.'),
    userAgent: `Mozilla/5.0 (Windows NT 10.0; Win64; x64) ${AGENT_TEXT}/${120 + (random[44]! % 20)}.0.0.0 Safari/537.36`,
    ended: null,
  }
}

export function userIdOf(number: number): string {
  return uuid(randomOf(`user ${number}`).subarray(0, 16))
}

export function emailOf(number: number): string {
  return `person-${number}@example.com`
}

/** The session after `times` more refreshes, as the service would have it written. */
export function rotationOf(number: number, times: number): Rotation {
  const session = sessionOf(number)
  const random = randomOf(`session ${number}`)
  const generation = session.generation + times
  const attempts = [4, 3, 2, 1].map((back) => ({
    generation: generation - back,
    keyDigest: digestOf(random, generation - back),
  }))
  return {
    expectedGeneration: generation - 1,
    next: { ...session, generation, attempts, lastUsedAt: born + times },
  }
}

/** What issues the current refresh token of a number's session. */
export function tokenIssuer(secret: string): (number: number) => string {
  const tokens = createRefreshTokens([
    deriveKey(createSecretKey(Buffer.from(secret, 'base64url')), 'refresh-token'),
  ])
  return (number) => tokens.issue(sessionOf(number), GENERATION)
}

export function createdAtOf(number: number): number {
  return born - DAY_MS - ((number * 7_919) % (20 * DAY_MS))
}

function randomOf(text: string): Buffer {
  return hash('sha512', text, 'buffer')
}

/** Any 16 bytes as an id: that of RFC 9562 §5.4 but for the fixed bits, which no index minds. */
function uuid(bytes: Uint8Array): string {
  return bytesToId(bytes)
}

/** Any 16 bytes as a digest: hashing would take most of the time that a million sessions are made in. */
function digestOf(random: Buffer, generation: number): string {
  const start = (generation % 7) * 8
  return random.toString('base64url', start, start + 16)
}
