import { expect, test } from 'vitest'
import { lifetimeOf } from './lifetime.ts'

test('a token is renewed the margin before its end', () => {
  expect(lifetimeOf(1000, 900, 30)).toEqual({ renewAt: 871_000, endsAt: 901_000 })
})

test('the margin is at most a third of the lifetime, so a three-second token serves two seconds', () => {
  expect(lifetimeOf(0, 3, 30)).toEqual({ renewAt: 2000, endsAt: 3000 })
})
