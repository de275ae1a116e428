// What the tests of sessions share: a session to start from, and randomness that can be played again.
// It asserts nothing.
import { randomBytes } from 'node:crypto'
import { newId } from '../../ids.ts'
import type { SessionPolicy } from '../rules.ts'
import type { Session } from '../session.ts'

export const SECOND = 1000
export const DAY = 86_400 * SECOND

/** When the sessions of the tests are opened. */
export const OPENED = Date.parse('2026-01-01T12:00:00Z')

export const POLICY: SessionPolicy = { idleTtlSeconds: 7 * 86_400, reuseGraceSeconds: 0 }

/** A native session that was just opened, and ends after 30 days. */
export function aSession(facts: Partial<Session> = {}): Session {
  return {
    id: newId(),
    userId: newId(),
    client: 'native',
    seed: randomBytes(16),
    generation: 0,
    createdAt: OPENED,
    lastUsedAt: OPENED,
    expiresAt: OPENED + 30 * DAY,
    attempts: [],
    ip: '192.0.2.1',
    userAgent: 'Tests/1.0',
    ended: null,
    ...facts,
  }
}

/** Numbers from 0 up to 1 that look random and are the same for the same seed. */
export function seededRandom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
