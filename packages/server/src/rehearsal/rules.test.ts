import { expect, test } from 'vitest'
import { createDraw } from './draw.ts'
import { parsePlan } from './plan.ts'
import { type Concern, concernOf, type Fate, fateOf } from './rules.ts'

function fates(list: string, concern: Concern, count: number, seed = 1, elapsedMs = 0): Fate[] {
  const { plan } = parsePlan(list)
  const draw = createDraw(seed)
  return Array.from({ length: count }, () => fateOf(concern, plan, elapsedMs, draw))
}

test('faults concern /auth alone, those for refreshes only POST /auth/refresh and /oauth/token', () => {
  const concerns: [method: string, path: string, concern: Concern][] = [
    ['POST', '/auth/refresh', 'refresh'],
    ['POST', '/oauth/token', 'refresh'],
    ['GET', '/auth/refresh', 'auth'],
    ['POST', '/auth/login', 'auth'],
    ['GET', '/auth/me', 'auth'],
    ['DELETE', '/auth/sessions/1', 'auth'],
    ['OPTIONS', '/auth/refresh', 'none'],
    ['OPTIONS', '/oauth/token', 'none'],
    ...['/', '/auth', '/healthz', '/readyz', '/metrics', '/docs', '/openapi.json', '/assets/a.js'].map(
      (path): [string, string, Concern] => ['GET', path, 'none'],
    ),
    ['GET', '/.well-known/jwks.json', 'none'],
    ['POST', '/dev/replay', 'none'],
  ]
  for (const [method, path, concern] of concerns) {
    expect(concernOf(method, path), `${method} ${path}`).toBe(concern)
  }
})

test('a fault for refreshes spares other requests; the others concern refreshes too', () => {
  const everything = 'drop-refresh-answer=100%,delay-refresh-answer=1s,delay=2s'
  expect(fates(everything, 'auth', 1)).toEqual([
    { stop: null, delays: [{ fault: 'delay', milliseconds: 2000 }] },
  ])
  expect(fates(everything, 'refresh', 1)).toEqual([
    {
      stop: 'drop-refresh-answer',
      delays: [
        { fault: 'delay-refresh-answer', milliseconds: 1000 },
        { fault: 'delay', milliseconds: 2000 },
      ],
    },
  ])
  expect(fates('unavailable=100%', 'refresh', 1)[0]?.stop).toBe('unavailable')
})

test('a share is hit as often as it says', () => {
  const stops = fates('portal=10%', 'auth', 5000).filter(({ stop }) => stop !== null)
  expect(stops.length / 5000).toBeCloseTo(0.1, 1)
  expect(fates('portal=0%', 'auth', 1000).every(({ stop }) => stop === null)).toBe(true)
  expect(fates('portal=100%', 'auth', 1000).every(({ stop }) => stop === 'portal')).toBe(true)
})

test('a spell hits everything in it, and nothing outside', () => {
  const at = (elapsedMs: number) => fates('unavailable=10s/60s', 'auth', 1, 1, elapsedMs)[0]?.stop
  expect([0, 9_999, 60_000, 69_999, 120_001].map(at)).toEqual(Array(5).fill('unavailable'))
  expect([10_000, 59_999, 70_000].map(at)).toEqual([null, null, null])
})

test('delays spread over their whole range, and stay in it', () => {
  const drawn = fates('delay=200-2000ms', 'auth', 1000).map(({ delays }) => delays[0]?.milliseconds ?? -1)
  expect(Math.min(...drawn)).toBeGreaterThanOrEqual(200)
  expect(Math.min(...drawn)).toBeLessThan(300)
  expect(Math.max(...drawn)).toBeLessThanOrEqual(2000)
  expect(Math.max(...drawn)).toBeGreaterThan(1900)
})

test('the same seed draws the same fates, another seed others', () => {
  const list = 'drop-refresh-answer=30%,delay=1-1000ms'
  expect(fates(list, 'refresh', 50, 7)).toEqual(fates(list, 'refresh', 50, 7))
  expect(fates(list, 'refresh', 50, 7)).not.toEqual(fates(list, 'refresh', 50, 8))
})

test('what a refresh meets depends neither on the requests in between nor on the other faults', () => {
  const drops = (list: string, between: number) => {
    const { plan } = parsePlan(list)
    const draw = createDraw(3)
    return Array.from({ length: 40 }, () => {
      for (let i = 0; i < between; i++) fateOf('auth', plan, 0, draw)
      return fateOf('refresh', plan, 0, draw).stop === 'drop-refresh-answer'
    })
  }
  const alone = drops('drop-refresh-answer=30%', 0)
  expect(new Set(alone)).toEqual(new Set([true, false]))
  expect(drops('drop-refresh-answer=30%', 3)).toEqual(alone)
  expect(drops('drop-refresh-answer=30%,delay=1-2s', 3)).toEqual(alone)
})
