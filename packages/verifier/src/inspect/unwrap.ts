import type { FindingCode } from './findings.ts'

/** What a copied token is surrounded and broken up by, zero-width characters included, which nobody sees. */
const SPACE = /[\s\u200b-\u200d\u2060]/
const SPACES = new RegExp(SPACE, 'g')
const QUOTED = /^(["'`])(.*)\1[,;]?$/s
const BEARER = /^(?:authorization:\s*)?bearer(?:\s+|$)/i

/** The token itself, out of what was copied along with it: white space, quotes, a header's words, line breaks. */
export function unwrap(text: string): { token: string; codes: FindingCode[] } {
  const codes = new Set<FindingCode>()
  let token = text
  const trim = () => {
    const trimmed = trimSpace(token)
    if (trimmed !== token) codes.add('WHITE_SPACE')
    token = trimmed
  }
  const unquote = () => {
    const inner = QUOTED.exec(token)?.[2]
    if (inner === undefined) return
    codes.add('QUOTES')
    token = inner
    trim()
  }
  trim()
  unquote()
  if (BEARER.test(token)) {
    codes.add('BEARER_PREFIX')
    token = token.replace(BEARER, '')
    unquote()
  }
  const joined = token.replace(SPACES, '')
  if (joined !== token) codes.add('LINE_BREAKS')
  return { token: joined, codes: [...codes] }
}

/** By hand: an expression that looks for spaces before the end starts anew at each space within, which froze the page for seconds. */
function trimSpace(text: string): string {
  let start = 0
  let end = text.length
  while (start < end && SPACE.test(text.charAt(start))) start++
  while (end > start && SPACE.test(text.charAt(end - 1))) end--
  return text.slice(start, end)
}
