import { expect, test } from 'vitest'
import { EventStream, type ServerSentEvent } from './event-stream.ts'

function read(...chunks: (string | Uint8Array)[]): ServerSentEvent[] {
  const stream = new EventStream()
  return chunks.flatMap((chunk) =>
    stream.push(typeof chunk === 'string' ? new TextEncoder().encode(chunk) : chunk),
  )
}

const message = (data: string, more: Partial<ServerSentEvent> = {}): ServerSentEvent => ({
  type: 'message',
  data,
  id: undefined,
  ...more,
})

test('an event has a type, an id and data of one or more lines', () => {
  expect(read('event: revoked\nid: 7-1\ndata: {"a":\ndata:  1}\n\n')).toEqual([
    { type: 'revoked', data: '{"a":\n 1}', id: '7-1' },
  ])
})

test('lines end with a line feed, a carriage return or both', () => {
  for (const end of ['\n', '\r', '\r\n']) {
    expect(read(`data: a${end}data: b${end}${end}data: c${end}${end}`)).toEqual([
      message('a\nb'),
      message('c'),
    ])
  }
})

test('an event that ends with a carriage return is there at once, and a line feed that follows ends no other', () => {
  const stream = new EventStream()
  const bytes = (text: string) => new TextEncoder().encode(text)
  expect(stream.push(bytes('data: a\r\n\r'))).toEqual([message('a')])
  expect(stream.push(bytes('\ndata: b\n'))).toEqual([])
  expect(stream.push(bytes('\n'))).toEqual([message('b')])
})

test('comments, unknown fields and events without data say nothing', () => {
  expect(read(': beat\n\n:\n\nevent: x\nid: 1\n\nfoo: bar\nfoo\n\n')).toEqual([])
  expect(read('data\n\n')).toEqual([message('')])
  expect(read('data:x\n\n')).toEqual([message('x')])
})

test('an id belongs to its event alone, and one with a null character is none', () => {
  expect(read('id: 1\ndata: a\n\ndata: b\n\nid: 2\0\ndata: c\n\n').map(({ id }) => id)).toEqual([
    '1',
    undefined,
    undefined,
  ])
})

test('an event that was cut off does not happen', () => {
  expect(read('data: a\n\ndata: b\n')).toEqual([message('a')])
})

test('a byte order mark is taken away at the beginning only', () => {
  expect(read('\uFEFFdata: a\n\n')).toEqual([message('a')])
  expect(read('data: a\n\n\uFEFFdata: b\n\n')).toEqual([message('a')])
})

test('malformed UTF-8 is refused rather than mended', () => {
  expect(() => read(Uint8Array.of(0x64, 0x61, 0x74, 0x61, 0x3a, 0xff, 0x0a, 0x0a))).toThrow(TypeError)
})

test('an event of more than 262144 characters is refused before it has ended', () => {
  const line = `data: ${'x'.repeat(1000)}\n`
  expect(() => read('data: ', 'x'.repeat(262_145))).toThrow(/262144/)
  expect(() => read(line.repeat(300))).toThrow(/262144/)
  expect(read(`${line.repeat(200)}\n`.repeat(3))).toHaveLength(3)
  expect(() => read(`:${'x'.repeat(300_000)}`)).toThrow(/262144/)
  // A connection that lives for months is sent millions of them.
  expect(read(': beat\n'.repeat(50_000))).toEqual([])
})

test('what the service asks to wait is kept within reason', () => {
  const retryOf = (text: string) => {
    const stream = new EventStream()
    stream.push(new TextEncoder().encode(text))
    return stream.retryMs
  }
  expect(retryOf('retry: 2500\n\n')).toBe(2500)
  expect(retryOf('retry: 0\n')).toBe(100)
  expect(retryOf('retry: 999999999\n')).toBe(60_000)
  for (const text of ['retry: soon\n', 'retry: -1\n', 'retry: 1e3\n', 'retry\n', ': retry: 1\n'])
    expect(retryOf(text)).toBeUndefined()
})

test('however a stream is cut into pieces, its events are the same', () => {
  const random = createRandom(1)
  for (let time = 0; time < 500; time++) {
    const text = randomStream(random)
    const bytes = new TextEncoder().encode(text)
    const whole = read(bytes)
    expect(read(...cut(bytes, random)), JSON.stringify(text)).toEqual(whole)
    expect(read(...Array.from(bytes, (byte) => Uint8Array.of(byte))), JSON.stringify(text)).toEqual(whole)
  }
})

test('whatever is put into an event comes out of it, with every kind of line end', () => {
  const random = createRandom(2)
  for (let time = 0; time < 500; time++) {
    const events = Array.from({ length: 1 + random(4) }, () =>
      message(`${JSON.stringify(pick(random, WORDS))}\n${pick(random, WORDS)}`, {
        type: pick(random, ['revoked', 'snapshot', 'message']),
        id: pick(random, [undefined, '1-2', 'é']),
      }),
    )
    const text = events.map((event) => write(event, pick(random, ['\n', '\r', '\r\n']))).join('')
    expect(read(...cut(new TextEncoder().encode(text), random)), JSON.stringify(text)).toEqual(events)
  }
})

type Random = (below: number) => number

/** The same numbers in every run, so that a failure can be looked into. */
function createRandom(seed: number): Random {
  let state = seed
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

const WORDS = ['', 'a', ' b', 'data: x', ':', 'ä€😀', '{"sid":"1"}', 'x'.repeat(50)]
const PIECES = [
  '\n',
  '\r',
  '\r\n',
  '\n\n',
  'data',
  'data:',
  'data: ',
  'event: e',
  'id: 1',
  ': c',
  'retry: 5',
  ...WORDS,
]

function randomStream(random: Random): string {
  const start = pick(random, ['', '\uFEFF'])
  return start + Array.from({ length: random(40) }, () => pick(random, PIECES)).join('')
}

function pick<Item>(random: Random, items: readonly Item[]): Item {
  return items[random(items.length)] as Item
}

function cut(bytes: Uint8Array, random: Random): Uint8Array[] {
  const chunks: Uint8Array[] = []
  for (let start = 0; start < bytes.length; ) {
    const end = start + random(8)
    chunks.push(bytes.subarray(start, end))
    start = end
  }
  return chunks
}

function write({ type, data, id }: ServerSentEvent, end: string): string {
  const lines = [`event: ${type}`, ...data.split('\n').map((line) => `data: ${line}`)]
  return [...lines, ...(id === undefined ? [] : [`id:${id}`]), '', ''].join(end)
}
