import { createHmac, hash, type KeyObject, timingSafeEqual } from 'node:crypto'
import { bytesToId, idToBytes } from '../ids.ts'
import type { Session } from './session.ts'

/** What a refresh token says, before anything proves it. */
export interface ClaimedRefreshToken {
  sessionId: string
  generation: number
  mac: Buffer
}

export interface RefreshTokens {
  /**
   * The token of a session's generation. Derived, not drawn: every node and every retry arrives at the same
   * text, so no race can fork a session.
   */
  issue(session: Pick<Session, 'id' | 'seed'>, generation: number): string
  /** Whether the service issued this token for this session. */
  proves(token: ClaimedRefreshToken, session: Pick<Session, 'id' | 'seed'>): boolean
}

// `lk1_` names the kind and version of the token, for people and for scanners that look for leaked secrets.
// 16 + 6 + 32 bytes are a whole number of base64url quartets, so every token has exactly one spelling.
const FORM = /^lk1_([A-Za-z0-9_-]{72})$/
const VERSION = 1
const ID_BYTES = 16
const GENERATION_BYTES = 6
const SEED_BYTES = 16

/** Reads a refresh token's form, or null when it has none that we ever gave out. */
export function parseRefreshToken(text: string): ClaimedRefreshToken | null {
  const encoded = FORM.exec(text)?.[1]
  if (encoded === undefined) return null
  const bytes = Buffer.from(encoded, 'base64url')
  return {
    sessionId: bytesToId(bytes.subarray(0, ID_BYTES)),
    generation: bytes.readUIntBE(ID_BYTES, GENERATION_BYTES),
    mac: bytes.subarray(ID_BYTES + GENERATION_BYTES),
  }
}

/**
 * @param keys the MAC keys derived from the service's secrets, newest first: the first issues, all are accepted.
 */
export function createRefreshTokens(keys: readonly KeyObject[]): RefreshTokens {
  const [issuing] = keys
  if (issuing === undefined) throw new TypeError('keys: at least one MAC key is needed')
  return {
    issue(session, generation) {
      const message = macInput(session, generation)
      const token = Buffer.concat([
        message.subarray(1 + SEED_BYTES),
        createHmac('sha256', issuing).update(message).digest(),
      ])
      return `lk1_${token.toString('base64url')}`
    },
    proves(token, session) {
      const message = macInput(session, token.generation)
      return keys.some((key) =>
        timingSafeEqual(createHmac('sha256', key).update(message).digest(), token.mac),
      )
    },
  }
}

/** A digest of an `Idempotency-Key`, short enough for a row: 128 bits. */
export function digestAttempt(idempotencyKey: string): string {
  return hash('sha256', idempotencyKey, 'buffer').toString('base64url', 0, 16)
}

/** Every field has a fixed length, so no two inputs share an encoding. */
function macInput(session: Pick<Session, 'id' | 'seed'>, generation: number): Buffer {
  const message = Buffer.allocUnsafe(1 + SEED_BYTES + ID_BYTES + GENERATION_BYTES)
  message[0] = VERSION
  message.set(session.seed, 1)
  message.set(idToBytes(session.id), 1 + SEED_BYTES)
  message.writeUIntBE(generation, 1 + SEED_BYTES + ID_BYTES, GENERATION_BYTES)
  return message
}
