import { describe, expect, test } from 'vitest'
import type { Instant } from '../time.ts'
import type { SigningAlgorithm, StoredKey } from './key.ts'
import { type KeyPolicy, nextKeyActiveFrom, phases } from './rules.ts'

const SECOND = 1000
const DAY = 86_400 * SECOND
const START = Date.parse('2026-01-01T00:00:00Z')

const POLICY: KeyPolicy = {
  algorithm: 'ES256',
  rotationSeconds: 90 * 86_400,
  publishAheadSeconds: 600,
  tokenSeconds: 900,
  rememberSeconds: 30 * 86_400,
}

function key(id: string, activeFrom: Instant, algorithm: SigningAlgorithm = 'ES256'): StoredKey {
  return {
    id,
    purpose: 'signing',
    algorithm,
    publicJwk: '{}',
    sealed: new Uint8Array(),
    createdAt: activeFrom,
    activeFrom,
    tokenSeconds: 900,
  }
}

function phaseOf(id: string, keys: StoredKey[], now: Instant) {
  return phases(keys, now, POLICY).get(id)
}

test('a key is published for as long as the longest of its tokens, whatever lifetime newer ones get', () => {
  const successorFrom = START + 90 * DAY
  const keys = [key('second', successorFrom), { ...key('first', START), tokenSeconds: 7200 }]
  expect(phaseOf('first', keys, successorFrom + 7259 * SECOND)).toBe('retiring')
  expect(phaseOf('first', keys, successorFrom + 7260 * SECOND)).toBe('retired')
})

describe('the phases of a key', () => {
  const successorFrom = START + 90 * DAY
  const keys = [key('second', successorFrom), key('first', START)]
  const lastTokenEnds = successorFrom + (900 + 60) * SECOND

  test.each([
    ['next', START - 1],
    ['signing', START],
    ['signing', successorFrom - 1],
    ['retiring', successorFrom],
    ['retiring', lastTokenEnds - 1],
    ['retired', lastTokenEnds],
    ['retired', lastTokenEnds + 30 * DAY - 1],
    ['forgotten', lastTokenEnds + 30 * DAY],
  ])('it is %s at %i', (phase, now) => {
    expect(phaseOf('first', keys, now)).toBe(phase)
  })

  test('the newest key signs, for as long as no other does', () => {
    expect(phaseOf('second', keys, successorFrom - 1)).toBe('next')
    expect(phaseOf('second', keys, successorFrom + 1000 * DAY)).toBe('signing')
  })

  test('of two keys that became active in the same millisecond every node chooses the same one', () => {
    const twins = [key('b', START), key('a', START)]
    expect(phases(twins, START, POLICY)).toEqual(phases(twins.toReversed(), START, POLICY))
    expect([...phases(twins, START, POLICY).values()].filter((phase) => phase === 'signing')).toHaveLength(1)
  })
})

describe('the next key', () => {
  test('signs at once where there is none', () => {
    expect(nextKeyActiveFrom([], START, POLICY)).toBe(START)
  })

  test('is made as long before the end of the term as verifiers need to learn of it (KM-04)', () => {
    const due = START + 90 * DAY - 600 * SECOND
    expect(nextKeyActiveFrom([key('first', START)], due - 1, POLICY)).toBeNull()
    expect(nextKeyActiveFrom([key('first', START)], due, POLICY)).toBe(START + 90 * DAY)
  })

  test('is made late rather than used early, after a service that was off at the end of the term', () => {
    const now = START + 200 * DAY
    expect(nextKeyActiveFrom([key('first', START)], now, POLICY)).toBe(now + 600 * SECOND)
  })

  test('is made once: nobody makes another one while it waits', () => {
    const now = START + 90 * DAY - 100 * SECOND
    expect(nextKeyActiveFrom([key('first', START), key('second', now + 1)], now, POLICY)).toBeNull()
  })

  test('is made now where another algorithm is wanted, and not used before verifiers know it', () => {
    const policy: KeyPolicy = { ...POLICY, algorithm: 'EdDSA' }
    expect(nextKeyActiveFrom([key('first', START)], START + 1, policy)).toBe(START + 1 + 600 * SECOND)
    expect(nextKeyActiveFrom([key('first', START, 'EdDSA')], START + 1, policy)).toBeNull()
  })
})

test('over ten years at every instant exactly one key signs, known to verifiers for long enough and until its last token ends', () => {
  let keys: StoredKey[] = []
  const publishedFrom = new Map<string, Instant>()
  for (let now = START; now < START + 3650 * DAY; now += 300 * SECOND) {
    const activeFrom = nextKeyActiveFrom(keys, now, POLICY)
    if (activeFrom !== null) {
      const made = key(`k${activeFrom}`, activeFrom)
      keys = [...keys, made]
      publishedFrom.set(made.id, now)
      if (keys.length > 1) expect(activeFrom - now).toBeGreaterThanOrEqual(600 * SECOND)
    }
    const byPhase = phases(keys, now, POLICY)
    const signing = keys.filter(({ id }) => byPhase.get(id) === 'signing')
    if (signing.length !== 1) throw new Error(`${signing.length} keys sign at ${now}`)
    const before = keys.at(-2)
    const changedAt = keys.at(-1)!.activeFrom
    if (before && now >= changedAt && now < changedAt + 960 * SECOND) {
      expect(byPhase.get(before.id)).toBe('retiring')
    }
    keys = keys.filter(({ id }) => byPhase.get(id) !== 'forgotten')
    if (keys.length > 3) throw new Error(`${keys.length} keys are kept at ${now}`)
  }
  expect(publishedFrom.size).toBeGreaterThan(35)
})
