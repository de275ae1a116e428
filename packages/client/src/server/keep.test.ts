import type { Tokens } from '@latchkey/protocol'
import { expect, test } from 'vitest'
import { cookieNames } from './jar.ts'
import { type Cause, linesFor, refreshCookieOf } from './keep.ts'

const NAMES = cookieNames('__Secure-app')
const SERVICE_LINE =
  '__Secure-app=lk1_b; Path=/; Domain=example.com; HttpOnly; Secure; SameSite=None; Max-Age=604800'
const ATTRIBUTES = 'Path=/; Domain=example.com; HttpOnly; Secure; SameSite=None'
const BY = { refreshToken: 'lk1_a', key: 'k'.repeat(16) }

function lines(cause: Cause, tokens: Partial<Tokens> = {}, line = SERVICE_LINE): string[] {
  const cookie = refreshCookieOf(new Response(null, { headers: { 'set-cookie': line } }), NAMES)
  if (cookie === undefined) return []
  const news = {
    cause,
    cookie,
    newKey: 'new-key',
    tokens: { accessToken: 'at', expiresIn: 900, ...tokens } as Tokens,
  }
  return linesFor(news, NAMES, 30)
}

test("the host's cookies have the attributes of the service's, and times of their own", () => {
  expect(lines({ kind: 'renewed', by: BY })).toEqual([
    SERVICE_LINE,
    `__Secure-app-attempt=new-key; ${ATTRIBUTES}; Max-Age=604800`,
    `__Secure-app-last=${BY.key}.lk1_a; ${ATTRIBUTES}; Max-Age=60`,
    `__Secure-app-access=at; ${ATTRIBUTES}; Max-Age=870`,
  ])
})

test('a cookie that the service clears takes all of them along, and leaves the mark', () => {
  const cleared = SERVICE_LINE.replace('lk1_b', '').replace('604800', '0')
  expect(lines({ kind: 'opened' }, {}, cleared)).toEqual([
    cleared,
    `__Secure-app-attempt=; ${ATTRIBUTES}; Max-Age=0`,
    `__Secure-app-last=; ${ATTRIBUTES}; Max-Age=0`,
    `__Secure-app-access=; ${ATTRIBUTES}; Max-Age=0`,
    `__Secure-app-signed-out=1; ${ATTRIBUTES}; Max-Age=86400`,
  ])
})

test("another cookie of the service, and another service's cookie, change nothing", () => {
  expect(lines({ kind: 'opened' }, {}, 'theme=dark; Max-Age=9')).toEqual([])
  expect(lines({ kind: 'opened' }, {}, '__Secure-app-other=1; Max-Age=9')).toEqual([])
})

test.each([
  ['a third of a short life is its margin', { expiresIn: 60 }, 'at', 40],
  ['less than a second is not worth a cookie', { expiresIn: 1 }, '', 0],
  ['the longest token that every browser keeps', { accessToken: 'x'.repeat(3900) }, 'x'.repeat(3900), 870],
  ['a token that browsers would drop', { accessToken: 'x'.repeat(3901) }, '', 0],
])('the access token in the jar: %s', (_, tokens, value, seconds) => {
  expect(lines({ kind: 'repeated' }, tokens)).toEqual([
    `__Secure-app-access=${value}; ${ATTRIBUTES}; Max-Age=${seconds}`,
  ])
})
