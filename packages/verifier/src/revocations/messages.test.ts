import { expect, test } from 'vitest'
import { readMessage } from './messages.ts'

const entry = { sid: 's', revokedAt: '2026-01-01T00:00:00.250Z', expiresAt: '2026-01-01T00:16:00Z' }
const read = (type: string, data: unknown, id?: string) =>
  readMessage({ type, data: typeof data === 'string' ? data : JSON.stringify(data), id })

test('each event of the feed is read', () => {
  const known = {
    kind: 'sid',
    subject: 's',
    revokedAt: Date.UTC(2026, 0, 1, 0, 0, 0, 250),
    expiresAt: Date.UTC(2026, 0, 1, 0, 16),
  }
  expect(read('revoked', entry, '7-1')).toEqual({ kind: 'revoked', entry: known, id: '7-1' })
  expect(read('snapshot', { revoked: [entry] }, '7-1')).toEqual({
    kind: 'snapshot',
    entries: [known],
    isLast: true,
    id: '7-1',
  })
  expect(read('snapshot', { revoked: [], more: true })).toEqual({
    kind: 'snapshot',
    entries: [],
    isLast: false,
    id: undefined,
  })
  expect(read('current', { at: 'now', heartbeatSeconds: 5 })).toEqual({
    kind: 'current',
    heartbeatSeconds: 5,
  })
})

test('an event of another type is passed over, for a later service may send more', () => {
  expect(read('message', 'anything')).toBeUndefined()
})

test.each(['jti', 'kid'] as const)('an entry may name a %s', (kind) => {
  const { sid: _, ...rest } = entry
  expect(read('revoked', { ...rest, [kind]: 'x' }, '1-1')).toMatchObject({ entry: { kind, subject: 'x' } })
})

const { sid: _, ...nameless } = entry
test.each<[string, string, unknown, string?]>([
  ['no JSON', 'revoked', '{', '1-1'],
  ['no object', 'revoked', [], '1-1'],
  ['an entry that names nothing', 'revoked', nameless, '1-1'],
  ['an entry that names something unknown', 'revoked', { ...nameless, sub: 'user' }, '1-1'],
  ['an entry that names two', 'revoked', { ...entry, jti: 'j' }, '1-1'],
  ['an entry with an empty name', 'revoked', { ...entry, sid: '' }, '1-1'],
  ['an entry whose name is no text', 'revoked', { ...entry, sid: 1 }, '1-1'],
  ['an instant without a zone', 'revoked', { ...entry, expiresAt: '2026-01-01T00:00:00' }, '1-1'],
  ['an instant that does not exist', 'revoked', { ...entry, expiresAt: '2026-13-01T00:00:00Z' }, '1-1'],
  ['an instant as a number', 'revoked', { ...entry, revokedAt: 0 }, '1-1'],
  ['no id', 'revoked', entry],
  ['an id that no header can hold', 'revoked', entry, '1\u20ac'],
  ['an endless id', 'revoked', entry, '1'.repeat(101)],
  ['a snapshot whose last part has no id', 'snapshot', { revoked: [] }],
  ['a snapshot without a list', 'snapshot', { revoked: {} }, '1-1'],
  ['a snapshot with one bad entry', 'snapshot', { revoked: [entry, null] }, '1-1'],
  ['no heartbeat', 'current', {}],
  ['a heartbeat that never comes', 'current', { heartbeatSeconds: 1e9 }],
  ['a heartbeat of nothing', 'current', { heartbeatSeconds: 0 }],
])('%s is malformed', (_, type, data, id) => {
  expect(() => read(type, data, id)).toThrow(Error)
})
