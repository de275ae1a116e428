import { expect, test } from 'vitest'
import { cookieName, cookieValues, expiredCookie, refreshCookie } from './cookies.ts'

const settings = { name: 'latchkey', path: '/', domain: null, sameSite: 'strict' } as const

test('every value of a name is found, in order, whatever stands around it', () => {
  const cases: [header: string | null, values: string[]][] = [
    [null, []],
    ['', []],
    ['a=1', ['1']],
    ['a=1; b=2', ['1']],
    ['b=2;a=1', ['1']],
    [' a = 1 ', ['1']],
    ['a=1; a=2; A=3', ['1', '2']],
    ['a=b=c=', ['b=c=']],
    ['a=', ['']],
    ['a', []],
    ['=a', []],
    ['aa=1; xa=2; a.=3', []],
    ['a="1"', ['"1"']],
    [';;a=1;;', ['1']],
    ['b=x a=1', []],
    ['b=a=1', []],
  ]
  for (const [header, values] of cases) expect(cookieValues(header, 'a'), String(header)).toEqual(values)
})

test('CC-01: the prefix is the strongest that the options allow', () => {
  expect(cookieName(settings)).toBe('__Host-latchkey')
  expect(cookieName({ ...settings, path: '/auth' })).toBe('__Secure-latchkey')
  expect(cookieName({ ...settings, domain: 'example.com' })).toBe('__Secure-latchkey')
})

test('LO-03: what clears a cookie differs from what set it only in the value and the age', () => {
  for (const options of [
    settings,
    { ...settings, path: '/auth', domain: 'example.com', sameSite: 'none' } as const,
  ]) {
    const set = refreshCookie('TOKEN', 60, options)
    expect(expiredCookie(options)).toBe(set.replace('=TOKEN;', '=;').replace('Max-Age=60', 'Max-Age=0'))
    expect(set).toMatch(/; HttpOnly; Secure; SameSite=(Strict|None); Max-Age=60$/)
  }
})
