import { expect, test } from 'vitest'
import { loggedPath } from './logged-path.ts'

test('of a path, a log holds what is ours: neither a query, nor a token, nor an address', () => {
  const cases = {
    '/auth/login': '/auth/login',
    '/.well-known/jwks.json': '/.well-known/jwks.json',
    '/auth/revocations': '/auth/revocations',
    '/': '/',
    '/auth/me?access_token=secret': '/auth/me',
    '/auth/sessions/secret': '/auth/sessions/…',
    '/gateway/auth/login': '/…/auth/login',
    '/ada@example.com/hunter2': '/…/…',
    '/auth/login/ada@example.com': '/auth/login/…',
    '/assets/index-a1b2.js': '/assets/…',
    [`/${'auth/'.repeat(1_000)}`]: '/auth/auth/auth/auth/auth/auth/auth',
  }
  for (const [path, logged] of Object.entries(cases))
    expect(loggedPath(`http://localhost${path}`)).toBe(logged)
})
