import { SESSION_END_REASONS } from '@latchkey/protocol'
import { describe, expect, test } from 'vitest'
import { endOf, isLive, judge, type Presented, rotated, secondsLeft } from './rules.ts'
import { aSession, DAY, OPENED, POLICY, SECOND } from './testing/sessions.ts'

const NOW = OPENED + 5 * SECOND
const LATER = OPENED + 6 * DAY

/** A session at generation 5, rotated at NOW; generations 1 to 4 were rotated with the keys k1 to k4. */
const session = aSession({
  generation: 5,
  lastUsedAt: NOW,
  attempts: [1, 2, 3, 4].map((generation) => ({ generation, keyDigest: `k${generation}` })),
})

function presented(generation: number, facts: Partial<Presented> = {}): Presented {
  return { generation, keyDigest: null, arrivedBeforeAnswer: false, ...facts }
}

describe('the current token', () => {
  test('rotates', () => {
    expect(judge(session, presented(5), NOW, POLICY)).toEqual({ kind: 'rotate', aheadOfStore: false })
  })

  test('rotates with a key that was used before, since a key belongs to one generation', () => {
    expect(judge(session, presented(5, { keyDigest: 'k4' }), NOW, POLICY).kind).toBe('rotate')
  })
})

describe('a token newer than the store', () => {
  test.each([6, 7, 2 ** 48 - 2])(
    'of generation %i rotates, and the store is known to have gone back',
    (g) => {
      expect(judge(session, presented(g), NOW, POLICY)).toEqual({ kind: 'rotate', aheadOfStore: true })
    },
  )

  test('moves the session to one past the token, not one past the store', () => {
    expect(rotated(session, presented(9), LATER).generation).toBe(10)
  })
})

describe('the token that was just spent', () => {
  test('earns its answer again with the key that rotated it, however late', () => {
    expect(judge(session, presented(4, { keyDigest: 'k4' }), NOW, POLICY)).toEqual({ kind: 'replay' })
    expect(judge(session, presented(4, { keyDigest: 'k4' }), LATER, POLICY)).toEqual({ kind: 'replay' })
  })

  test('earns its answer again when the request had arrived before that answer was given', () => {
    expect(judge(session, presented(4, { arrivedBeforeAnswer: true }), NOW, POLICY)).toEqual({
      kind: 'replay',
    })
  })

  test('earns its answer again with another key too, when the request had arrived before that answer', () => {
    const raced = presented(4, { keyDigest: 'another', arrivedBeforeAnswer: true })
    expect(judge(session, raced, NOW, POLICY)).toEqual({ kind: 'replay' })
  })

  test.each([
    ['without a key', null],
    ['with another key', 'another'],
    ['with the key of another generation', 'k3'],
  ])('%s is reuse', (_, keyDigest) => {
    expect(judge(session, presented(4, { keyDigest }), NOW, POLICY)).toEqual({ kind: 'reused' })
  })

  test('is reuse in the very millisecond of its rotation, where no grace is given', () => {
    expect(judge(session, presented(4), NOW, POLICY).kind).toBe('reused')
  })

  test('earns its answer again up to the last millisecond of the grace, and not at its end', () => {
    const policy = { ...POLICY, reuseGraceSeconds: 10 }
    const graceEnds = session.lastUsedAt + 10 * SECOND
    expect(judge(session, presented(4), NOW, policy).kind).toBe('replay')
    expect(judge(session, presented(4), graceEnds - 1, policy).kind).toBe('replay')
    expect(judge(session, presented(4), graceEnds, policy).kind).toBe('reused')
  })

  test('gets no grace from a clock that went back', () => {
    expect(judge(session, presented(4), NOW - 1, POLICY).kind).toBe('reused')
    expect(judge(session, presented(4), NOW - DAY, POLICY).kind).toBe('reused')
    const policy = { ...POLICY, reuseGraceSeconds: 10 }
    expect(judge(session, presented(4), NOW - DAY, policy).kind).toBe('reused')
  })

  test('keeps its grace on a node whose clock is a little behind', () => {
    const policy = { ...POLICY, reuseGraceSeconds: 10 }
    expect(judge(session, presented(4), NOW - 1, policy).kind).toBe('replay')
  })
})

describe('an older token', () => {
  test.each([1, 2, 3])('of generation %i with its remembered key is a copy that the network delayed', (g) => {
    const copy = presented(g, { keyDigest: `k${g}` })
    expect(judge(session, copy, LATER, POLICY)).toEqual({ kind: 'superseded' })
  })

  test.each([
    ['without a key', null],
    ['with a key that nobody used', 'another'],
    ['with the key of the generation after it', 'k3'],
    ['with the key of the generation before it', 'k1'],
  ])('%s is reuse', (_, keyDigest) => {
    expect(judge(session, presented(2, { keyDigest }), NOW, POLICY)).toEqual({ kind: 'reused' })
  })

  test('is reuse however early its request arrived, and within any grace', () => {
    const policy = { ...POLICY, reuseGraceSeconds: 300 }
    const early = presented(3, { arrivedBeforeAnswer: true })
    expect(judge(session, early, NOW, policy)).toEqual({ kind: 'reused' })
  })
})

describe('the memory for attempts', () => {
  test('holds the last four, and forgets the fifth: a copy of it is reuse', () => {
    const next = rotated(session, presented(5, { keyDigest: 'k5' }), NOW)
    expect(next.attempts.map(({ generation }) => generation)).toEqual([2, 3, 4, 5])
    expect(judge(next, presented(2, { keyDigest: 'k2' }), NOW, POLICY).kind).toBe('superseded')
    expect(judge(next, presented(1, { keyDigest: 'k1' }), NOW, POLICY).kind).toBe('reused')
  })

  test('is not used up by rotations without a key', () => {
    let next = session
    for (let generation = 5; generation < 20; generation++) next = rotated(next, presented(generation), NOW)
    expect(next.attempts).toEqual(session.attempts)
    expect(judge(next, presented(1, { keyDigest: 'k1' }), NOW, POLICY).kind).toBe('superseded')
  })
})

describe('a session that was ended', () => {
  const reasons = SESSION_END_REASONS.filter((reason) => reason !== 'expired')

  test.each(reasons)('by %s says so to every token, also after its lifetime', (reason) => {
    const ended = { ...session, ended: { at: NOW, reason } }
    for (const generation of [1, 4, 5, 6]) {
      expect(judge(ended, presented(generation), NOW, POLICY)).toEqual({ kind: 'revoked', reason })
    }
    expect(judge(ended, presented(5), OPENED + 400 * DAY, POLICY)).toEqual({ kind: 'revoked', reason })
  })

  test('gives nothing to a retry with the right key either', () => {
    const ended = { ...session, ended: { at: NOW, reason: 'logout' as const } }
    const retry = presented(4, { keyDigest: 'k4', arrivedBeforeAnswer: true })
    expect(judge(ended, retry, NOW, POLICY).kind).toBe('revoked')
  })

  test('for its age stays expired, whatever a clock says later', () => {
    const ended = { ...session, ended: { at: LATER, reason: 'expired' as const } }
    expect(judge(ended, presented(5), NOW, POLICY)).toEqual({ kind: 'expired' })
    expect(judge(ended, presented(5), OPENED - DAY, POLICY)).toEqual({ kind: 'expired' })
  })
})

describe('the lifetimes', () => {
  test('a session is good for the last millisecond of its idle time, and over at its end', () => {
    const idleEnds = session.lastUsedAt + POLICY.idleTtlSeconds * SECOND
    expect(endOf(session, POLICY)).toBe(idleEnds)
    expect(judge(session, presented(5), idleEnds - 1, POLICY).kind).toBe('rotate')
    expect(judge(session, presented(5), idleEnds, POLICY)).toEqual({ kind: 'expired' })
    expect(isLive(session, idleEnds - 1, POLICY)).toBe(true)
    expect(isLive(session, idleEnds, POLICY)).toBe(false)
  })

  test('a session in use is good for the last millisecond before its absolute end, and over at it', () => {
    const inUse = { ...session, lastUsedAt: session.expiresAt - 1000 }
    expect(endOf(inUse, POLICY)).toBe(inUse.expiresAt)
    expect(judge(inUse, presented(5), inUse.expiresAt - 1, POLICY).kind).toBe('rotate')
    expect(judge(inUse, presented(5), inUse.expiresAt, POLICY)).toEqual({ kind: 'expired' })
  })

  test('expiry is asked before the generation: a stolen token of a session that is over is no alarm', () => {
    expect(judge(session, presented(1), OPENED + 31 * DAY, POLICY)).toEqual({ kind: 'expired' })
  })

  test('a retry with the right key comes too late once the session is over', () => {
    const retry = presented(4, { keyDigest: 'k4' })
    expect(judge(session, retry, OPENED + 31 * DAY, POLICY)).toEqual({ kind: 'expired' })
  })

  test('the seconds that are left count from the last use, down to none and never below', () => {
    expect(secondsLeft(session, NOW, POLICY)).toBe(POLICY.idleTtlSeconds)
    expect(secondsLeft(session, NOW + 999, POLICY)).toBe(POLICY.idleTtlSeconds)
    expect(secondsLeft(session, NOW + 1000, POLICY)).toBe(POLICY.idleTtlSeconds - 1)
    expect(secondsLeft(session, OPENED + 400 * DAY, POLICY)).toBe(0)
  })

  test('the seconds that are left never reach past the absolute end', () => {
    const inUse = { ...session, lastUsedAt: session.expiresAt - 10_500 }
    expect(secondsLeft(inUse, inUse.lastUsedAt, POLICY)).toBe(10)
    expect(secondsLeft(inUse, inUse.expiresAt - 999, POLICY)).toBe(0)
  })
})

test('a rotation changes the generation, the last use and the attempts, and nothing else', () => {
  const next = rotated(session, presented(5, { keyDigest: 'k5' }), LATER)
  expect(next).toEqual({
    ...session,
    generation: 6,
    lastUsedAt: LATER,
    attempts: [...session.attempts.slice(1), { generation: 5, keyDigest: 'k5' }],
  })
  expect(session.generation).toBe(5)
})
