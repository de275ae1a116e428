import { expect, test } from 'vitest'
import { newId } from '../ids.ts'
import { RevocationFeed, type Subscription } from './feed.ts'
import { eventId } from './rules.ts'
import { anEntry, MemoryLog, NOW } from './testing/entries.ts'

interface FeedEvent {
  event: string
  id: string | undefined
  data: { revoked?: { sid: string }[]; more?: true; sid?: string; at?: string; heartbeatSeconds?: number }
}

function aFeed() {
  const log = new MemoryLog()
  const clock = { now: NOW, elapsed: 0 }
  const published: string[] = []
  const feed = new RevocationFeed({
    store: log,
    now: () => clock.now,
    elapsed: () => clock.elapsed,
    onPublished: ({ subject }) => published.push(subject),
  })
  const revoke = async (facts: Parameters<typeof anEntry>[0] = {}) => {
    const { position: _, ...entry } = anEntry(facts)
    await log.append(entry)
    await feed.catchUp()
    return entry.subject
  }
  const subscribe = (facts: Partial<Subscription> = {}) =>
    new Listener(feed.subscribe({ serviceId: 'svc_a', lastEventId: null, connection: undefined, ...facts }))
  return { feed, log, clock, published, revoke, subscribe }
}

/** Takes what comes, and reads it as the standard says. */
class Listener {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>
  text = ''

  constructor(stream: ReadableStream<Uint8Array>) {
    this.#reader = stream.getReader()
  }

  /** Reads chunks until the text holds what is asked for. */
  async until(what: string): Promise<FeedEvent[]> {
    while (!this.text.includes(what)) {
      const { value, done } = await this.#reader.read()
      if (done) throw new Error(`the stream ended without ${what}`)
      this.text += Buffer.from(value)
    }
    return this.events()
  }

  async ended(): Promise<boolean> {
    for (;;) {
      const { done } = await this.#reader.read()
      if (done) return true
    }
  }

  cancel(): Promise<void> {
    return this.#reader.cancel()
  }

  events(): FeedEvent[] {
    return this.text.split('\n\n').flatMap((block) => {
      const fields = new Map(
        block.split('\n').map((line) => [line.split(': ')[0], line.slice(line.indexOf(': ') + 2)]),
      )
      const event = fields.get('event')
      return event === undefined
        ? []
        : [{ event, id: fields.get('id'), data: JSON.parse(fields.get('data')!) }]
    })
  }
}

test('a reader is sent a snapshot, is told that it is current, and then hears each revocation as it happens', async () => {
  const { feed, log, revoke, subscribe } = aFeed()
  const before = await revoke()
  const listener = subscribe()
  await listener.until('event: current')
  const after = await revoke()
  const events = await listener.until(after)
  expect(listener.text.startsWith('retry: 1000\n\n')).toBe(true)
  expect(events.map(({ event, id }) => [event, id])).toEqual([
    ['snapshot', eventId(log.entries[0]!)],
    ['current', undefined],
    ['revoked', eventId(log.entries[1]!)],
  ])
  expect(events[0]?.data.revoked).toEqual([
    { sid: before, revokedAt: '2026-01-01T12:00:00.000Z', expiresAt: '2026-01-01T12:16:00.000Z' },
  ])
  expect(events[1]?.data).toEqual({ at: '2026-01-01T12:00:00.000Z', heartbeatSeconds: 5 })
  expect(events[2]?.data.sid).toBe(after)
  expect(feed.readers).toBe(1)
})

test('where nothing was revoked the snapshot is empty, and its id is 0-0', async () => {
  const { subscribe } = aFeed()
  const [snapshot] = await subscribe().until('event: current')
  expect(snapshot).toEqual({ event: 'snapshot', id: '0-0', data: { revoked: [] } })
})

test.each([1, 499, 500, 501, 1000, 2001])(
  'a snapshot of %i comes in parts of at most 500, of which only the last has an id',
  async (count) => {
    const { feed, log, subscribe } = aFeed()
    for (let i = 0; i < count; i++) await log.append(anEntry())
    await feed.load()
    const parts = (await subscribe().until('event: current')).filter(({ event }) => event === 'snapshot')
    const sizes = parts.map(({ data }) => data.revoked!.length)
    expect(Math.max(...sizes)).toBeLessThanOrEqual(500)
    expect(parts.flatMap(({ data }) => data.revoked!.map(({ sid }) => sid))).toEqual(
      log.entries.map(({ subject }) => subject),
    )
    expect(parts.map(({ id, data }) => [id, data.more])).toEqual(
      parts.map((_, i) =>
        i === parts.length - 1 ? [eventId(log.entries.at(-1)!), undefined] : [undefined, true],
      ),
    )
  },
)

test('a reader that comes back with its last id is sent what it missed, each once and in order', async () => {
  const { log, revoke, subscribe } = aFeed()
  for (let i = 0; i < 5; i++) await revoke()
  const events = await subscribe({ lastEventId: eventId(log.entries[2]!) }).until('event: current')
  expect(events.map(({ event, id }) => [event, id])).toEqual([
    ['revoked', eventId(log.entries[3]!)],
    ['revoked', eventId(log.entries[4]!)],
    ['current', undefined],
  ])
  const [only] = await subscribe({ lastEventId: eventId(log.entries[4]!) }).until('event: current')
  expect(only?.event).toBe('current')
})

test('an id that is unknown, of a log that was restored since, or no id at all gets a snapshot', async () => {
  const { log, revoke, subscribe } = aFeed()
  await revoke()
  const [{ position, revokedAt }] = log.entries as [(typeof log.entries)[0]]
  for (const lastEventId of [
    '0-0',
    eventId({ position, revokedAt: revokedAt + 1 }),
    eventId({ position: position + 1, revokedAt }),
    '',
    'garbage',
    `${position}`,
    `${position}-${revokedAt} `,
  ]) {
    const [first] = await subscribe({ lastEventId }).until('event: current')
    expect(first?.event, lastEventId).toBe('snapshot')
  }
})

test('what is revoked while a long snapshot is under way comes after it, once', async () => {
  const { feed, log, revoke, subscribe } = aFeed()
  for (let i = 0; i < 1200; i++) await log.append(anEntry())
  await feed.load()
  const listener = subscribe()
  await listener.until('event: snapshot')
  const meanwhile = await revoke()
  const events = await listener.until('event: current')
  expect(events.map(({ event }) => event)).toEqual(['snapshot', 'snapshot', 'snapshot', 'revoked', 'current'])
  expect(listener.text.split(meanwhile)).toHaveLength(2)
})

test('a snapshot whose end expires while it is under way has an end all the same', async () => {
  const { feed, clock, log, subscribe } = aFeed()
  for (let i = 0; i < 1000; i++) await log.append(anEntry({ expiresAt: NOW + (i < 500 ? 2_000 : 1_000) }))
  await feed.load()
  const newest = eventId(log.entries.at(-1)!)
  const listener = subscribe()
  await listener.until('event: snapshot')
  Object.assign(clock, { now: NOW + 1_500, elapsed: 1_500 })
  feed.forget()
  const parts = (await listener.until('event: current')).filter(({ event }) => event === 'snapshot')
  expect(parts.map(({ id, data }) => [data.revoked?.length, id])).toEqual([
    [500, undefined],
    [0, newest],
  ])
})

test('all readers get the same bytes, made once', async () => {
  const { feed, log } = aFeed()
  const readers = Array.from({ length: 3 }, () =>
    feed.subscribe({ serviceId: 'svc_a', lastEventId: null, connection: undefined }).getReader(),
  )
  for (const reader of readers) for (let i = 0; i < 3; i++) await reader.read()
  const pending = readers.map((reader) => reader.read())
  await log.append(anEntry())
  await feed.catchUp()
  const [first, ...others] = (await Promise.all(pending)).map(({ value }) => value)
  expect(Buffer.from(first!).toString()).toContain('event: revoked')
  for (const bytes of others) expect(bytes).toBe(first)
})

test('each entry is published once, those that were there before the start not at all', async () => {
  const { feed, log, published, revoke } = aFeed()
  await log.append(anEntry())
  const expired = anEntry({ expiresAt: NOW })
  await log.append(expired)
  await feed.load()
  expect(feed.has(expired)).toBe(false)
  const subject = await revoke()
  await Promise.all([feed.catchUp(), feed.catchUp(), feed.catchUp()])
  expect(published).toEqual([subject])
  expect(feed.has({ kind: 'sid', subject })).toBe(true)
  expect(feed.has({ kind: 'jti', subject })).toBe(false)
})

test('whoever asks to catch up is sure of all that was written before, though a read was under way', async () => {
  const { feed, log } = aFeed()
  const first = feed.catchUp()
  const entry = anEntry()
  await log.append(entry)
  await feed.catchUp()
  expect(feed.has(entry)).toBe(true)
  await first
  const reads = log.reads
  await Promise.all(Array.from({ length: 100 }, () => feed.catchUp()))
  expect(log.reads - reads, 'many who ask at once are answered by one read').toBeLessThanOrEqual(2)
})

test('a read that takes long is not overtaken by the next one: nothing is heard twice', async () => {
  const { feed, log, published } = aFeed()
  const { promise, resolve } = Promise.withResolvers<void>()
  log.slowness = promise
  const entry = anEntry()
  await log.append(entry)
  const first = feed.catchUp()
  await expect.poll(() => log.reads).toBe(1)
  const second = feed.catchUp()
  resolve()
  await Promise.all([first, second])
  expect(published).toEqual([entry.subject])
})

test('a log that was away for a while is read on from where it was, and nothing is lost', async () => {
  const { feed, log, revoke, subscribe } = aFeed()
  const listener = subscribe()
  await listener.until('event: current')
  log.isAway = true
  await expect(feed.catchUp()).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
  log.isAway = false
  await log.append(anEntry())
  const last = await revoke()
  const events = await listener.until(last)
  expect(events.filter(({ event }) => event === 'revoked').map(({ data }) => data.sid)).toEqual(
    log.entries.map(({ subject }) => subject),
  )
})

test('a beat is a comment, and comes between events only', async () => {
  const { feed, subscribe } = aFeed()
  const listener = subscribe()
  await listener.until('event: current')
  // It is reading again, and so waits.
  const next = listener.until(': beat\n\n')
  await Promise.resolve()
  expect(feed.beat()).toBe(0)
  await next
  expect(listener.text.endsWith('}\n\n: beat\n\n')).toBe(true)
})

test('a reader that takes nothing for three beats is given up; one that takes something now and then is not', async () => {
  const { feed } = aFeed()
  const options = { serviceId: 'svc_a', lastEventId: null }
  let cut = 0
  feed.subscribe({ ...options, connection: { destroy: () => void cut++ } })
  const slow = feed.subscribe({ ...options, connection: undefined }).getReader()
  expect([feed.beat(), feed.beat()]).toEqual([0, 0])
  await slow.read()
  expect([feed.beat(), cut, feed.readers]).toEqual([1, 1, 1])
  expect([feed.beat(), feed.beat()]).toEqual([0, 1])
  await expect(slow.read()).rejects.toThrow()
  expect(feed.readers).toBe(0)
})

test('a reader that goes away is forgotten', async () => {
  const { feed, revoke, subscribe } = aFeed()
  const listener = subscribe()
  await listener.until('event: current')
  await listener.cancel()
  expect(feed.readers).toBe(0)
  await revoke()
})

test('the readers of a service that is registered no more are ended, and no others', async () => {
  const { feed, subscribe } = aFeed()
  const removed = subscribe({ serviceId: 'svc_removed' })
  const kept = subscribe({ serviceId: 'svc_kept' })
  for (const listener of [removed, kept]) await listener.until('event: current')
  const end = removed.ended()
  feed.endAllBut(new Set(['svc_kept']))
  expect(await end).toBe(true)
  expect(feed.readers).toBe(1)
})

test('a revocation for very many readers is told in several turns, so that others have theirs, and reaches every reader', async () => {
  const { revoke, subscribe } = aFeed()
  const listeners = Array.from({ length: 1_000 }, () => subscribe())
  await Promise.all(listeners.map((listener) => listener.until('event: current')))
  const turnOf: number[] = []
  let turn = 0
  let counting = true
  const count = () => {
    turn++
    if (counting) setImmediate(count)
  }
  setImmediate(count)
  const [first, second] = [newId(), newId()]
  const told = listeners.map(async (listener, i) => {
    await listener.until(first)
    turnOf[i] = turn
    await listener.until(second)
  })
  await Promise.all([revoke({ subject: first }), revoke({ subject: second })])
  await Promise.all(told)
  counting = false
  expect(new Set(turnOf).size).toBeGreaterThan(2)
  for (const { text } of listeners) {
    expect([text.split(first).length, text.split(second).length], 'each once').toEqual([2, 2])
    expect(text.indexOf(first)).toBeLessThan(text.indexOf(second))
  }
})

test('where the log has gone back in time, its readers come again and are told everything; what was forgotten is refused all the same', async () => {
  const { feed, log, published, revoke, subscribe } = aFeed()
  const kept = await revoke()
  const lost = await revoke()
  const listener = subscribe()
  await listener.until('event: current')
  const ended = listener.ended()
  log.entries = log.entries.slice(0, 1)
  const next = { ...anEntry({ position: 2 }) }
  log.entries.push(next)
  await feed.catchUp()
  expect(await ended).toBe(true)
  for (const subject of [kept, lost, next.subject]) expect(feed.has({ kind: 'sid', subject })).toBe(true)
  expect(published).toEqual([kept, lost, next.subject])
  const again = subscribe({ lastEventId: eventId(next) })
  await again.until('event: current')
  const whole = subscribe()
  expect(JSON.stringify(await whole.until('event: current'))).toContain(next.subject)
})

test('where the newest entry has expired and is forgotten, its readers stay', async () => {
  const { feed, log, clock, revoke, subscribe } = aFeed()
  await revoke()
  const listener = subscribe()
  await listener.until('event: current')
  clock.now += 959_000
  log.entries = []
  const subject = await revoke()
  expect(await listener.until(subject)).toBeDefined()
  expect(feed.readers).toBe(1)
})
