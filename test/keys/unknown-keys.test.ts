import { randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { encode } from '../http/forge.ts'
import { startListeningAuth } from '../support/auth.ts'
import { signUpPerson, startApi } from './fleet.ts'

const COOLDOWN_SECONDS = 30

test('ten thousand tokens with names of keys that nobody has make an API ask once a cool-down, and keep nobody else out (KM-06)', async () => {
  const world = await startListeningAuth()
  const good = await (await signUpPerson(world)).nextToken()
  const api = startApi(world)
  const [, payload, signature] = good.split('.')
  const withUnknownKey = () => {
    const header = { alg: 'ES256', typ: 'at+jwt', kid: `k${randomBytes(12).toString('base64url')}` }
    return `${encode(header)}.${payload}.${signature}`
  }
  expect(await api.check(good)).toBe('accepted')

  const verdicts = new Map<string, number>()
  for (let wave = 0; wave < 20; wave++) {
    const flood = Array.from({ length: 500 }, () => api.check(withUnknownKey()))
    expect(await api.check(good)).toBe('accepted')
    for (const verdict of await Promise.all(flood)) verdicts.set(verdict, (verdicts.get(verdict) ?? 0) + 1)
    world.clock.now += (COOLDOWN_SECONDS / 5) * 1000
  }
  expect(Object.fromEntries(verdicts)).toEqual({ TOKEN_INVALID: 10_000 })
  expect(api.keySetsFetched()).toBeLessThanOrEqual(1 + 20 / 5)
})
