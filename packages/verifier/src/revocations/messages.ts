import { isFilled } from '../reading.ts'
import { isJsonObject } from '../token/json.ts'
import type { ServerSentEvent } from './event-stream.ts'

export const KINDS = ['sid', 'jti', 'kid'] as const

/** What is refused: a session, one token, or whatever a key signed. */
export type Kind = (typeof KINDS)[number]

/** Instants in epoch milliseconds. */
export interface Entry {
  kind: Kind
  subject: string
  revokedAt: number
  expiresAt: number
}

/** What the service says, see `FeedEvents`. */
export type Message =
  | { kind: 'snapshot'; entries: Entry[]; isLast: boolean; id: string | undefined }
  | { kind: 'revoked'; entry: Entry; id: string }
  | { kind: 'current'; heartbeatSeconds: number }

/** `undefined` for an event of a type that is none of ours. Throws for one of ours that is not of the agreed form. */
export function readMessage({ type, data, id }: ServerSentEvent): Message | undefined {
  switch (type) {
    case 'snapshot': {
      const { revoked, more } = readObject(data)
      if (!Array.isArray(revoked)) throw malformed('a snapshot must hold an array')
      const isLast = more !== true
      return { kind: type, entries: revoked.map(readEntry), isLast, id: isLast ? readId(id) : undefined }
    }
    case 'revoked':
      return { kind: type, entry: readEntry(readObject(data)), id: readId(id) }
    case 'current':
      return { kind: type, heartbeatSeconds: readHeartbeat(readObject(data).heartbeatSeconds) }
    default:
      return undefined
  }
}

function readObject(data: string) {
  const value: unknown = JSON.parse(data)
  if (!isJsonObject(value)) throw malformed('an event must hold a JSON object')
  return value
}

/** One that names something unknown is malformed too: to pass over it would be to accept what was revoked. */
function readEntry(value: unknown): Entry {
  if (!isJsonObject(value)) throw malformed('a revocation must be a JSON object')
  const [kind, ...more] = KINDS.filter((name) => Object.hasOwn(value, name))
  const subject = kind && value[kind]
  if (kind === undefined || more.length > 0 || !isFilled(subject)) {
    throw malformed('a revocation must name one session, token or key')
  }
  return { kind, subject, revokedAt: readInstant(value.revokedAt), expiresAt: readInstant(value.expiresAt) }
}

const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/

/** RFC 3339, UTC. */
function readInstant(value: unknown): number {
  const instant = typeof value === 'string' && INSTANT.test(value) ? Date.parse(value) : Number.NaN
  if (!Number.isFinite(instant)) throw malformed('an instant must be an RFC 3339 text in UTC')
  return instant
}

/** It is sent back in a header. */
function readId(id: string | undefined): string {
  if (id === undefined || !/^[\x21-\x7e]{1,100}$/.test(id)) throw malformed('an event must have an id')
  return id
}

function readHeartbeat(value: unknown): number {
  if (typeof value !== 'number' || !(value > 0 && value <= 600)) {
    throw malformed('heartbeatSeconds must be from 0 to 600')
  }
  return value
}

function malformed(rule: string): Error {
  return new Error(rule)
}
