import { expect, test } from 'vitest'
import { escapeUnseen } from './index.ts'

test('what is not seen, or turns the rest around, is written as JSON escapes, and the rest as it is', () => {
  const evil = '\u001b]0;\u0007\u009b2J\u202egnp\r\n\u2028\u{e0041}\u200b\ud800'
  expect(escapeUnseen(evil)).toBe(
    '\\u001b]0;\\u0007\\u009b2J\\u202egnp\\u000d\\u000a\\u2028\\udb40\\udc41\\u200b\\ud800',
  )
  expect(JSON.parse(`"${escapeUnseen(evil)}"`)).toBe(evil)
  expect(escapeUnseen('Zoë 山 😀 "a" \\ b')).toBe('Zoë 山 😀 "a" \\ b')
})
