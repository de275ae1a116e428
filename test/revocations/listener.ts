// The feed of revocations, seen from outside: a service and its readers, over real HTTP.
// How the verifier reads it is tested in packages/verifier.
import type { FeedEvents, Revocation } from '@latchkey/protocol'
import { expect, onTestFinished } from 'vitest'
import { runSql } from '../support/stores/look.ts'
import type { TestStore } from '../support/stores/store.ts'

export interface ServiceCredentials {
  id: string
  secret: string
}

/** An event, as it was sent. */
export type FeedEvent = {
  [Name in keyof FeedEvents]: { event: Name; id: string | undefined; data: FeedEvents[Name] }
}[keyof FeedEvents]

export function basic({ id, secret }: ServiceCredentials): string {
  return `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`
}

export async function askForFeed(
  url: string,
  headers: Record<string, string>,
  signal?: AbortSignal,
): Promise<Response> {
  return await fetch(`${url}/auth/revocations`, { headers, ...(signal === undefined ? {} : { signal }) })
}

/** A reader of the feed that keeps what it was sent. */
export class Listener {
  /** Everything that came, byte for byte. */
  text = ''
  /** Signs of life so far. */
  beats = 0
  /** Resolves when the service has ended the stream; to how. */
  readonly ended: Promise<'in good order' | 'cut'>
  readonly #abort: AbortController
  readonly #events: FeedEvent[] = []
  /** What came of a block that is not whole yet. */
  #begun = ''

  private constructor(response: Response, abort: AbortController) {
    this.#abort = abort
    this.ended = this.#take(response)
    onTestFinished(() => abort.abort())
  }

  /** Opens the feed, and resolves when it has begun. */
  static async open(url: string, service: ServiceCredentials, lastEventId?: string): Promise<Listener> {
    const abort = new AbortController()
    const response = await askForFeed(
      url,
      {
        authorization: basic(service),
        ...(lastEventId === undefined ? {} : { 'last-event-id': lastEventId }),
      },
      abort.signal,
    )
    expect(response.status).toBe(200)
    return new Listener(response, abort)
  }

  /** The same, and waits until it is told that it is current. */
  static async current(url: string, service: ServiceCredentials, lastEventId?: string): Promise<Listener> {
    const listener = await Listener.open(url, service, lastEventId)
    await listener.until(({ event }) => event === 'current')
    return listener
  }

  events(): readonly FeedEvent[] {
    return this.#events
  }

  /** What it was told to refuse, one by one, after the snapshot. */
  revoked(): Revocation[] {
    return this.events().flatMap(({ event, data }) => (event === 'revoked' ? [data] : []))
  }

  /** What the snapshot held. */
  snapshot(): Revocation[] {
    return this.events().flatMap(({ event, data }) => (event === 'snapshot' ? data.revoked : []))
  }

  lastEventId(): string {
    return this.events().findLast(({ id }) => id !== undefined)?.id as string
  }

  /** Waits for an event. */
  async until(isIt: (event: FeedEvent) => boolean, timeout = 5_000): Promise<FeedEvent> {
    const find = () => this.events().find(isIt)
    await expect.poll(find, { timeout, interval: 5 }).toBeDefined()
    return find() as FeedEvent
  }

  /** Waits until it was told to refuse something. */
  async hears(subject: { sid?: string; jti?: string; kid?: string }, timeout?: number): Promise<Revocation> {
    const [[name, id]] = Object.entries(subject) as [[keyof Revocation, string]]
    const found = await this.until(({ event, data }) => event === 'revoked' && data[name] === id, timeout)
    return found.data as Revocation
  }

  close(): void {
    this.#abort.abort()
  }

  async #take(response: Response): Promise<'in good order' | 'cut'> {
    try {
      for await (const chunk of response.body as ReadableStream<Uint8Array>) this.#read(Buffer.from(chunk))
      return 'in good order'
    } catch {
      return 'cut'
    }
  }

  #read(chunk: Buffer): void {
    const text = chunk.toString()
    this.text += text
    const blocks = (this.#begun + text).split('\n\n')
    this.#begun = blocks.pop() ?? ''
    for (const block of blocks) {
      if (block === ': beat') this.beats++
      const fields = new Map(
        block.split('\n').map((line) => [line.split(': ', 1)[0], line.slice(line.indexOf(': ') + 2)]),
      )
      const event = fields.get('event')
      if (event === undefined) continue
      this.#events.push({
        event,
        id: fields.get('id'),
        data: JSON.parse(fields.get('data') ?? ''),
      } as FeedEvent)
    }
  }
}

/** Writes entries into a log that nobody has open. Resolves to the event id of the last one. */
export async function insertEntries(store: TestStore, count: number, at: number): Promise<string> {
  await runSql(
    store,
    `with recursive n(i) as (select 1 union all select i + 1 from n where i < ?)
     insert into revocations (kind, subject, revoked_at, expires_at)
     select 'sid', 'session ' || i, cast(? as bigint), cast(? as bigint) from n`,
    count,
    at,
    at + 960_000,
  )
  const [last] = await runSql(store, 'select max(position) as position from revocations')
  return `${last?.position}-${at}`
}
