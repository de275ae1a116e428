import { expect, test } from 'vitest'
import type { Entry, Kind } from './messages.ts'
import { Revoked } from './revoked.ts'

const SECOND = 1000

function create(leewaySeconds = 5) {
  const clock = { now: 1_000_000, elapsed: 0 }
  const revoked = new Revoked({ now: () => clock.now, elapsed: () => clock.elapsed }, leewaySeconds)
  const pass = (seconds: number) => {
    clock.now += seconds * SECOND
    clock.elapsed += seconds * SECOND
  }
  const entry = (subject: string, kind: Kind = 'sid', lifetimeSeconds = 960): Entry => ({
    kind,
    subject,
    revokedAt: clock.now,
    expiresAt: clock.now + lifetimeSeconds * SECOND,
  })
  return { revoked, clock, pass, entry }
}

test('a session, a token and a key are told apart, whatever their names', () => {
  const { revoked, entry } = create()
  revoked.add(entry('same', 'jti'))
  const names = { sid: 'same', jti: 'other', kid: 'same' }
  expect(revoked.findAmong(names)).toBeUndefined()
  expect(revoked.findAmong({ ...names, jti: 'same' })).toBe('jti')
  revoked.add(entry('same', 'sid'))
  expect(revoked.findAmong(names)).toBe('sid')
  revoked.add(entry('same', 'kid'))
  expect(revoked.findAmong(names)).toBe('kid')
})

test('LO-15 an entry is kept until the leeway after its end has passed, and no longer', () => {
  const { revoked, pass, entry } = create(5)
  revoked.add(entry('a'))
  pass(965)
  revoked.forgetWhatIsOver()
  expect(revoked.has('sid', 'a')).toBe(true)
  pass(0.001)
  revoked.forgetWhatIsOver()
  expect(revoked.size).toBe(0)
})

test('LO-15 memory holds what one lifetime brings, however long it goes on', () => {
  const { revoked, pass, entry } = create()
  for (let second = 0; second < 20_000; second++) {
    revoked.add(entry(`session-${second}`))
    pass(1)
    revoked.forgetWhatIsOver()
  }
  expect(revoked.size).toBeLessThanOrEqual(967)
  expect(revoked.has('sid', 'session-19999')).toBe(true)
})

test('LO-15 an entry that a service made with its clock a year ahead keeps nothing else from being forgotten', () => {
  const { revoked, pass, entry } = create()
  const year = 365 * 86_400
  revoked.add({ ...entry('ahead', 'sid', year + 960) })
  for (let second = 0; second < 5000; second++) {
    revoked.add(entry(`session-${second}`))
    pass(1)
    revoked.forgetWhatIsOver()
  }
  expect(revoked.has('sid', 'ahead')).toBe(true)
  expect(revoked.size).toBeLessThanOrEqual(970)
})

test('LO-15 a hundred thousand entries that are over are forgotten bit by bit', () => {
  const { revoked, pass, entry } = create()
  for (let i = 0; i < 100_000; i++) revoked.add(entry(`session-${i}`))
  pass(966)
  revoked.forgetWhatIsOver()
  expect(revoked.size).toBeGreaterThan(90_000)
  for (let second = 0; second < 100; second++) {
    pass(1)
    revoked.forgetWhatIsOver()
  }
  expect(revoked.size).toBe(0)
})

test('LO-15 what comes in a storm is forgotten as fast as it comes', () => {
  const { revoked, pass, entry } = create()
  for (let i = 0; i < 100_000; i++) {
    revoked.add(entry(`session-${i}`, 'sid', 2))
    pass(0.0002)
    revoked.forgetWhatIsOver()
  }
  // Five thousand a second, each for two seconds and the leeway of five.
  expect(revoked.size).toBeLessThan(1.2 * 5000 * 7)
})

test('CK-03 a clock that jumps ahead by 30 days and back forgets nothing', () => {
  const { revoked, clock, entry } = create()
  revoked.add(entry('a'))
  clock.now += 30 * 86_400 * SECOND
  revoked.forgetWhatIsOver()
  clock.now -= 30 * 86_400 * SECOND
  expect(revoked.has('sid', 'a')).toBe(true)
})

test('a machine whose clock is behind forgets nothing too early', () => {
  const { revoked, clock, pass, entry } = create()
  const heard = entry('a')
  clock.now -= 3600 * SECOND
  revoked.add(heard)
  pass(2000)
  revoked.forgetWhatIsOver()
  expect(revoked.has('sid', 'a')).toBe(true)
})

test('a snapshot takes the place of everything, in one step, with its last part', () => {
  const { revoked, entry } = create()
  revoked.add(entry('old'))
  revoked.addPart([entry('first')], false)
  expect([revoked.has('sid', 'old'), revoked.has('sid', 'first')]).toEqual([true, false])
  revoked.add(entry('meanwhile'))
  revoked.addPart([entry('second')], true)
  expect(revoked.size).toBe(3)
  expect(['first', 'second', 'meanwhile'].every((sid) => revoked.has('sid', sid))).toBe(true)
})

test('a snapshot that was cut off changes nothing', () => {
  const { revoked, entry } = create()
  revoked.add(entry('old'))
  revoked.addPart([entry('first')], false)
  revoked.dropParts()
  revoked.addPart([entry('second')], true)
  expect(revoked.size).toBe(1)
  expect(revoked.has('sid', 'second')).toBe(true)
})
