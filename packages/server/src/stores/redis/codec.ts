import type { SessionEndReason } from '@latchkey/protocol'
import { bytesToId, idToBytes } from '../../ids.ts'
import type { Ended, Session } from '../../sessions/session.ts'
import type { Instant } from '../../time.ts'
import { ATTEMPTS_BYTES, toAttempts, writeAttempts } from '../attempts.ts'
import { compactUserAgent, fullUserAgent } from '../user-agent.ts'

/** A session with the account's `credentialVersion` that it was opened with. */
export interface StoredSession {
  session: Session
  credentialVersion: number
}

/** The state is 0, or a place in this list. Never changed: what was stored is read by it. New reasons go to its end. */
const STATES: readonly (SessionEndReason | null)[] = [
  null,
  'logout',
  'revoked_by_user',
  'revoked_by_operator',
  'password_changed',
  'reuse_detected',
  'expired',
  'session_limit',
  'account_disabled',
]

/** Instants and generations: good until the year 10889. */
const NUMBER_BYTES = 6
const ID_BYTES = 16
const SEED_BYTES = 16
export const MARK_BYTES = 6

/**
 * A value is what an ending writes, then what a rotation writes, then what never changes:
 *
 *     state  ended at  mark | generation  last used  attempts  length of ip  ip | created  expires  user  seed  version  flags  user agent
 *       1       6       6         6          6         88           1        …       6        6      16    16      4       1       …
 *
 * The scripts know the places of the state, the mark, the generation and the length of the ip.
 */
const ENDED_AT = 1
const MARK = ENDED_AT + NUMBER_BYTES
const GENERATION = MARK + MARK_BYTES
const LAST_USED = GENERATION + NUMBER_BYTES
const ATTEMPTS = LAST_USED + NUMBER_BYTES
const IP_LENGTH = ATTEMPTS + ATTEMPTS_BYTES
const IP = IP_LENGTH + 1

/** Counted from where the ip ends. */
const EXPIRES = NUMBER_BYTES
const USER = EXPIRES + NUMBER_BYTES
const SEED = USER + ID_BYTES
const VERSION = SEED + SEED_BYTES
const FLAGS = VERSION + 4
const USER_AGENT = FLAGS + 1

const IS_BROWSER = 1
const HAS_USER_AGENT = 2

/** What the scripts are told of the layout. Lua counts from 1. */
export const LAYOUT = { MARK, MARK_BYTES, GENERATION, NUMBER_BYTES, IP_LENGTH }

/** @param mark of who writes it: {@link MARK_BYTES} that nobody else has */
export function encodeSession({ session, credentialVersion }: StoredSession, mark: Uint8Array): Buffer {
  const { userAgent } = session
  const agent = Buffer.from(userAgent === null ? '' : compactUserAgent(userAgent))
  const constant = Buffer.alloc(USER_AGENT + agent.length)
  constant.writeUIntBE(session.createdAt, 0, NUMBER_BYTES)
  constant.writeUIntBE(session.expiresAt, EXPIRES, NUMBER_BYTES)
  idToBytes(session.userId).copy(constant, USER)
  constant.set(session.seed, SEED)
  constant.writeUInt32BE(credentialVersion, VERSION)
  constant[FLAGS] =
    (session.client === 'browser' ? IS_BROWSER : 0) | (userAgent === null ? 0 : HAS_USER_AGENT)
  agent.copy(constant, USER_AGENT)
  return Buffer.concat([encodeRotation(session, mark), constant])
}

/** The part that a rotation writes: the beginning, of a live session. */
export function encodeRotation({ generation, lastUsedAt, attempts, ip }: Session, mark: Uint8Array): Buffer {
  const address = ip === null ? '' : ip.slice(0, 255)
  const bytes = Buffer.allocUnsafe(IP + address.length).fill(0)
  bytes.set(mark, MARK)
  bytes.writeUIntBE(generation, GENERATION, NUMBER_BYTES)
  bytes.writeUIntBE(lastUsedAt, LAST_USED, NUMBER_BYTES)
  writeAttempts(bytes, ATTEMPTS, attempts)
  bytes[IP_LENGTH] = address.length
  bytes.write(address, IP, 'latin1')
  return bytes
}

/** What the script that rotates compares with. */
export function encodeGeneration(generation: number): Buffer {
  const bytes = Buffer.allocUnsafe(NUMBER_BYTES)
  bytes.writeUIntBE(generation, 0, NUMBER_BYTES)
  return bytes
}

/** The part that an ending writes: what comes before the generation. */
export function encodeEnding({ at, reason }: Ended, mark: Uint8Array): Buffer {
  const bytes = Buffer.alloc(GENERATION)
  bytes[0] = STATES.indexOf(reason)
  bytes.writeUIntBE(at, ENDED_AT, NUMBER_BYTES)
  bytes.set(mark, MARK)
  return bytes
}

export function decodeSession(id: string, bytes: Buffer): StoredSession {
  const ipLength = bytes[IP_LENGTH] as number
  const end = IP + ipLength
  const flags = bytes[end + FLAGS] as number
  return {
    session: {
      id,
      userId: bytesToId(bytes.subarray(end + USER, end + SEED)),
      client: (flags & IS_BROWSER) === 0 ? 'native' : 'browser',
      seed: new Uint8Array(bytes.subarray(end + SEED, end + VERSION)),
      generation: bytes.readUIntBE(GENERATION, NUMBER_BYTES),
      createdAt: bytes.readUIntBE(end, NUMBER_BYTES),
      lastUsedAt: bytes.readUIntBE(LAST_USED, NUMBER_BYTES),
      expiresAt: bytes.readUIntBE(end + EXPIRES, NUMBER_BYTES),
      attempts: toAttempts(bytes.subarray(ATTEMPTS, IP_LENGTH)),
      ip: ipLength === 0 ? null : bytes.toString('latin1', IP, end),
      userAgent:
        (flags & HAS_USER_AGENT) === 0 ? null : fullUserAgent(bytes.toString('utf8', end + USER_AGENT)),
      ended: decodeEnded(bytes),
    },
    credentialVersion: bytes.readUInt32BE(end + VERSION),
  }
}

function decodeEnded(bytes: Buffer): Ended | null {
  const state = bytes[0] as number
  if (state === 0) return null
  // A reason that only a newer version knows is an end all the same.
  return { at: bytes.readUIntBE(ENDED_AT, NUMBER_BYTES) as Instant, reason: STATES[state] ?? 'logout' }
}
