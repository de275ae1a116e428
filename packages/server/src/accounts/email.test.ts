import { expect, test } from 'vitest'
import { canonicalEmail } from './email.ts'

function fates(texts: readonly string[]): Record<string, string | null> {
  return Object.fromEntries(texts.map((text) => [text, canonicalEmail(text)]))
}

function all(texts: readonly string[], outcome: string | null): Record<string, string | null> {
  return Object.fromEntries(texts.map((text) => [text, outcome]))
}

test('LR-13: case and surrounding white space make no second account', () => {
  const spellings = [
    'a@example.com',
    'A@Example.COM',
    ' a@example.com ',
    '\ta@EXAMPLE.com\n',
    '\u3000a@example.com\ufeff',
  ]
  expect(fates(spellings)).toEqual(all(spellings, 'a@example.com'))
})

test('LR-13: an international domain is the same account as its ASCII form', () => {
  const spellings = [
    'a@exämple.com',
    'a@EXÄMPLE.COM',
    'a@exa\u0308mple.com',
    'a@xn--exmple-cua.com',
    'A@XN--EXMPLE-CUA.COM',
  ]
  expect(fates(spellings)).toEqual(all(spellings, 'a@xn--exmple-cua.com'))
  expect(canonicalEmail('user@例え.テスト')).toBe('user@xn--r8jz45g.xn--zckzah')
})

test('a plus tag, dots and every letter that RFC 5322 allows without quotes are kept', () => {
  const kept = [
    'ada+news@example.com',
    'a.d.a@example.com',
    "!#$%&'*+/=?^_`{|}~-@example.com",
    '1@example.com',
    'a@sub.sub.example.com',
    'a@1.2.3.example',
    'a-b@a-b.example',
    `${'a'.repeat(64)}@example.com`,
  ]
  expect(kept.map(canonicalEmail)).toEqual(kept)
  expect(canonicalEmail('ada+news@example.com')).not.toBe(canonicalEmail('ada@example.com'))
})

test('LR-13: a dot at the end, in a row or at either side of the name is malformed', () => {
  const malformed = [
    ...[
      'a@example.com.',
      'a@.example.com',
      'a@example..com',
      '.a@example.com',
      'a.@example.com',
      'a..b@example.com',
    ],
    ...[
      'a@-example.com',
      'a@example-.com',
      'a@example.c',
      'a@example.1',
      'a@example',
      'a@localhost',
      'a@127.0.0.1',
    ],
    ...[
      'a@[127.0.0.1]',
      'a@[IPv6:::1]',
      '"a b"@example.com',
      'a@example.com:25',
      'a@exa_mple.com',
      'a@exa mple.com',
    ],
    ...[
      '',
      ' ',
      '@',
      'a',
      'a@',
      '@example.com',
      'a@b@example.com',
      'a@@example.com',
      'a b@example.com',
      'a\\@example.com',
    ],
    `${'a'.repeat(65)}@example.com`,
    `a@${'a'.repeat(64)}.com`,
    `a@${'a.'.repeat(126)}com`,
    `${'a'.repeat(64)}@${`${'b'.repeat(63)}.`.repeat(3)}com`,
    `a@example.com${' '.repeat(2_000)}`,
  ]
  expect(fates(malformed)).toEqual(all(malformed, null))
})

test('at most 254 characters, counted in the canonical form', () => {
  const domain = `${'b'.repeat(63)}.${'c'.repeat(63)}.${'d'.repeat(57)}.com`
  expect(canonicalEmail(`${'a'.repeat(64)}@${domain}`)).toHaveLength(254)
  expect(canonicalEmail(`${'a'.repeat(64)}@e${domain}`)).toBeNull()
})

test('LR-14: a look-alike of the @, of a letter or of a dot is no address', () => {
  const malformed = [
    ...[
      'a\uff20example.com',
      'a\ufe6bexample.com',
      'a\u0040\uff20example.com',
      'a@example\u3002com',
      'a@example\uff0ecom',
    ],
    ...[
      'а@example.com',
      'аda@example.com',
      'ɑ@example.com',
      'ａ@example.com',
      'ß@example.com',
      'é@example.com',
      '𝐚@example.com',
    ],
    ...[
      'a@ｅxample.com',
      'a@exampleⅠ.com',
      'a@ℯxample.com',
      'a@ex①mple.com',
      'a@exаmple.com',
      'a@еxample.com',
      'a@exαmple.com',
    ],
    ...[
      'a\u200db@example.com',
      'a@exa\u200dmple.com',
      'a@exa\u200bmple.com',
      'a\u200c@example.com',
      'a@exa\u00admple.com',
    ],
    ...[
      '\u202ea@example.com',
      'a@\u202eelpmaxe.com',
      'a@example.com\u202e',
      '\u2066a\u2069@example.com',
      'a\u0000@example.com',
    ],
    ...[
      'a@exa\ufe0fmple.com',
      'a\ud800@example.com',
      'a@\udc00example.com',
      'a@example.com\ud83d',
      'a\u0301@example.com',
    ],
    ...['\u0130da@example.com', '\u017fam@example.com', 'a@example.com\u0000', 'a\u00a0b@example.com'],
  ]
  expect(fates(malformed)).toEqual(all(malformed, null))
})

test('LR-14: a letter that Unicode holds for the very same one is the same account', () => {
  expect(canonicalEmail('\u212Aate@example.com'), 'the Kelvin sign is a K').toBe('kate@example.com')
})

test('LR-15: a second address, a header, a display name or markup is no address', () => {
  const malformed = [
    ...[
      'victim@x.com,attacker@y.com',
      'victim@x.com;attacker@y.com',
      'victim@x.com attacker@y.com',
      'a@x.com\nb@y.com',
    ],
    ...[
      'a@example.com\r\nBcc: eve@example.com',
      'a@example.com%0d%0aBcc:eve@example.com',
      'a@example.com\\r\\nBcc:x@y.zz',
    ],
    ...[
      '<a@example.com>',
      'Ada <a@example.com>',
      '"Ada" <a@example.com>',
      'a@example.com (Ada)',
      '(x)a@example.com',
    ],
    ...[
      'mailto:a@example.com',
      'a@example.com?cc=eve@example.com',
      '<b>a</b>@example.com',
      'a@<script>.com',
      'a@example.com>',
    ],
    ...['@x.com:a@example.com', 'a%eve.example@', 'x.com!a@', 'a@example.com/..', 'a@example.com#'],
  ]
  expect(fates(malformed)).toEqual(all(malformed, null))
})

test('the canonical form of a canonical form is itself', () => {
  const texts = [
    'A@Example.COM',
    'a@exämple.com',
    'user@例え.テスト',
    'Ada+X@sub.example.org',
    '\u212Aate@example.com',
  ]
  for (const text of texts) {
    const once = canonicalEmail(text) as string
    expect(canonicalEmail(once)).toBe(once)
  }
})
