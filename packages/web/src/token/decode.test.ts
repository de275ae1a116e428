import { expect, test } from 'vitest'
import { meaningOf, valueInWords } from './claim-words.ts'
import { decodeToken } from './decode.ts'

const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')

test('a token is read without asking anybody', () => {
  const token = `${part({ alg: 'ES256' })}.${part({ sub: 'zoë', n: '?>?>' })}.c2ln`
  expect(decodeToken(token)).toEqual({ header: { alg: 'ES256' }, claims: { sub: 'zoë', n: '?>?>' } })
})

test.each(['', 'a.b', 'not.a.token', `${part({})}.%%%.x`])('%j is not a token', (text) => {
  expect(decodeToken(text)).toBeNull()
})

test('claims are said in words, times as how far off they are', () => {
  const now = new Date('2026-01-01T00:00:00Z')
  expect(valueInWords('exp', now.getTime() / 1000 + 60, now)).toMatch(/, in 1 minute$/)
  expect(valueInWords('roles', [], now)).toBe('none')
  expect(valueInWords('amr', ['pwd', 'otp'], now)).toBe('pwd, otp')
  expect(meaningOf('tenant')).toBe('added by the service')
})
