import { expect, test } from 'vitest'
import { findPasswordFault, normalizePassword } from './password-rules.ts'

const context = { email: 'ada.lovelace@example.com', serviceWords: ['latchkey', 'auth.shop.example'] }
const fault = (password: string) => findPasswordFault(password, context)

test('LR-06: 8 to 256 code points, however many bytes or units those are', () => {
  const letters = ['a', 'é', 'e\u0301', '漢', '😀', '𝕒', ' ']
  for (const letter of letters) {
    const points = [...letter.normalize('NFC')].length
    const text = (length: number) => letter.repeat(length / points)
    expect(
      [7, 8, 14, 15, 64, 128, 256, 257].map((length) => fault(text(length))),
      letter,
    ).toEqual(['too-short', null, null, null, null, null, null, 'too-long'])
  }
})

test('LR-06: the length is that of the normalised text', () => {
  expect(fault('e\u0301'.repeat(7)), '14 typed, 7 kept').toBe('too-short')
  expect(fault('e\u0301'.repeat(256)), '512 typed, 256 kept').toBeNull()
  expect(fault('\u0958'.repeat(4)), '4 typed, 8 kept').toBeNull()
})

test('LR-09 LR-12: anything that is long enough is welcome as it was typed', () => {
  const welcome = [
    '😀'.repeat(15),
    'e\u0323\u0307\u0301'.repeat(8),
    'سلام دنیا شب بخیر',
    '        ',
    '  leading and trailing  ',
    '\t\t\t\t\t\t\t\t',
    'correct horse battery staple',
    'aaaaaaaab',
    '\0\0\0\0\0\0\0\0',
    '\u200b'.repeat(8),
    '12 34 56 78',
    "' or 1=1 --",
  ]
  for (const password of welcome) expect(fault(password), JSON.stringify(password)).toBeNull()
})

test('half a surrogate pair is no text', () => {
  for (const password of ['\ud800aaaaaaaa', 'aaaaaaaa\udc00', 'aaaa\ude00\ud83daaaa']) {
    expect(fault(password)).toBe('ill-formed')
  }
})

test('LR-11: the own address, a part of it or the name of the service is too easy, also with a year behind it', () => {
  const easy = [
    ...[
      'ada.lovelace@example.com',
      'ADA.LOVELACE@EXAMPLE.COM',
      'ada.lovelace',
      'Ada.Lovelace1',
      'ada.lovelace2026!',
    ],
    ...['example.com', 'Example.Com1!', 'example2024', 'EXAMPLE!!', 'example1'],
    ...[
      'latchkey',
      'Latchkey',
      'latchkey2025',
      'LATCHKEY2026!',
      'latchkey123',
      'latchkey-2026',
      'latchkey________',
    ],
    ...['auth.shop.example', 'auth.shop.example1'],
  ]
  for (const password of easy) expect(fault(password), password).toBe('personal')
})

test('LR-11: a sentence that only mentions them is not', () => {
  for (const password of [
    'my latchkey is blue',
    'ada wrote programs',
    'not the example.com one',
    'latchkeylatchkey',
  ]) {
    expect(fault(password), password).toBeNull()
  }
})

test('a short local part does not forbid what begins with it', () => {
  const short = { email: 'al@example.org', serviceWords: [] }
  expect(findPasswordFault('al123456', short)).toBeNull()
  expect(findPasswordFault('al------', short)).toBeNull()
})

test('LR-10: composed and decomposed letters are one password, compatibility letters are another', () => {
  expect(normalizePassword('re\u0301sume\u0301')).toBe(normalizePassword('r\u00e9sum\u00e9'))
  expect(normalizePassword('\u212bngstro\u0308m')).toBe(normalizePassword('\u00c5ngstr\u00f6m'))
  expect(normalizePassword('\ufb01nance')).not.toBe(normalizePassword('finance'))
  expect(normalizePassword('ｐａｓｓ')).not.toBe(normalizePassword('pass'))
  expect(normalizePassword(' a\u00a0b ')).toBe(' a\u00a0b ')
})

test('LR-11: digits that repeat, and letters or digits in a row, are as common as passwords get', () => {
  for (const password of [
    '88888888',
    '12341234',
    '123123123',
    '121212121212',
    '87654321',
    'ABCDEFGH',
    'abcdefghijkl',
  ]) {
    expect(fault(password), password).toBe('pattern')
  }
  for (const password of ['88888889', '1234123412341234', '12345679', 'abcdefgi', 'hgfedcbaz', '20260731']) {
    expect(fault(password), password).toBeNull()
  }
})
