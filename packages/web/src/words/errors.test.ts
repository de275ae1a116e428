import { AuthClientError } from '@latchkey/client'
import { expect, test } from 'vitest'
import { codeInWords, endInWords, errorInWords } from './errors.ts'

test('a refusal is said in words, with the wait the service asked for', () => {
  const refused = new AuthClientError('RATE_LIMITED', { retryAfterSeconds: 60 })
  expect(errorInWords(refused)).toBe('That was too often. Please wait a little. It asks for 1 minute.')
})

test('an error without words of its own never shows its code or its message', () => {
  const vague = 'Something went wrong in the service. Please try again.'
  expect([errorInWords(new Error('secret')), codeInWords('INTERNAL'), codeInWords('toString')]).toEqual([
    vague,
    vague,
    vague,
  ])
})

test('the end of a session is told by its reason', () => {
  expect(endInWords({ code: 'SESSION_REVOKED', reason: 'password_changed' })).toMatch(/password was changed/)
  expect(endInWords({ code: 'REFRESH_REUSED' })).toBe(
    endInWords({ code: 'SESSION_REVOKED', reason: 'reuse_detected' }),
  )
})
