import { expect, test } from 'vitest'
import { meaningOf, valueInWords } from './claim-words.ts'

test('claims are said in words, times as how far off they are', () => {
  const now = new Date('2026-01-01T00:00:00Z')
  expect(valueInWords('exp', now.getTime() / 1000 + 60, now)).toMatch(/, in 1 minute$/)
  expect(valueInWords('roles', [], now)).toBe('none')
  expect(valueInWords('amr', ['pwd', 'otp'], now)).toBe('pwd, otp')
  expect(valueInWords('amr', [{ a: 1 }], now)).toBe('[{"a":1}]')
  expect(meaningOf('tenant')).toBe('added by the service')
})
