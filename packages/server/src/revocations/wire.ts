import type { FeedEvents, Revocation } from '@latchkey/protocol'
import { type Instant, toTimestamp } from '../time.ts'
import type { RevocationEntry } from './entry.ts'
import { eventId } from './rules.ts'

/** A reader that hears nothing for longer than this knows that something is wrong. */
export const HEARTBEAT_SECONDS = 5

/** How many texts are remembered: those that readers who are about as far as each other are sent. */
const REMEMBERED = 32

export const OPENING = Buffer.from('retry: 1000\n\n')
export const BEAT = Buffer.from(': beat\n\n')

/** From here on everything is news. */
export function currentEvent(now: Instant): Uint8Array {
  return Buffer.from(toEvent('current', { at: toTimestamp(now), heartbeatSeconds: HEARTBEAT_SECONDS }))
}

/** Makes the bytes of entries, once for all readers that are sent the same ones. */
export class EntryBytes {
  readonly #recent = new Map<string, Uint8Array>()

  /** An event for each entry. */
  revoked(entries: readonly RevocationEntry[]): Uint8Array {
    return this.#once(`revoked ${rangeOf(entries)}`, () =>
      entries.map((entry) => toEvent('revoked', toRevocation(entry), eventId(entry))).join(''),
    )
  }

  /** A part of a snapshot; the last one brings the event id of the whole. */
  snapshot(entries: readonly RevocationEntry[], id: string | null): Uint8Array {
    const revoked = entries.map(toRevocation)
    return this.#once(`snapshot ${rangeOf(entries)} ${id}`, () =>
      id === null ? toEvent('snapshot', { revoked, more: true }) : toEvent('snapshot', { revoked }, id),
    )
  }

  #once(what: string, make: () => string): Uint8Array {
    const known = this.#recent.get(what)
    if (known !== undefined) return known
    const bytes = Buffer.from(make())
    this.#recent.set(what, bytes)
    const [oldest] = this.#recent.keys()
    if (this.#recent.size > REMEMBERED && oldest !== undefined) this.#recent.delete(oldest)
    return bytes
  }
}

/** Says which entries they are: a position is given out once, and only the expired leave. */
function rangeOf(entries: readonly RevocationEntry[]): string {
  return `${entries[0]?.position} ${entries.at(-1)?.position} ${entries.length}`
}

function toRevocation({ kind, subject, revokedAt, expiresAt }: RevocationEntry): Revocation {
  return { [kind]: subject, revokedAt: toTimestamp(revokedAt), expiresAt: toTimestamp(expiresAt) }
}

/** An event of a stream. HTML Living Standard §9.2.6 */
function toEvent<Name extends keyof FeedEvents>(name: Name, data: FeedEvents[Name], id?: string): string {
  return `event: ${name}\n${id === undefined ? '' : `id: ${id}\n`}data: ${JSON.stringify(data)}\n\n`
}
