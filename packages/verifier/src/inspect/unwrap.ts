import type { FindingCode } from './findings.ts'

/** What a copied token is surrounded and broken up by, zero-width characters included, which nobody sees. */
const SPACE = '[\\s\\u200b-\\u200d\\u2060]'
const AROUND = new RegExp(`^${SPACE}+|${SPACE}+$`, 'g')
const WITHIN = new RegExp(SPACE, 'g')
const QUOTED = /^(["'`])(.*)\1[,;]?$/s
const BEARER = /^(?:authorization:\s*)?bearer(?:\s+|$)/i

/** The token itself, out of what was copied along with it: white space, quotes, a header's words, line breaks. */
export function unwrap(text: string): { token: string; codes: FindingCode[] } {
  const codes = new Set<FindingCode>()
  let token = text
  const trim = () => {
    const trimmed = token.replace(AROUND, '')
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
  const joined = token.replace(WITHIN, '')
  if (joined !== token) codes.add('LINE_BREAKS')
  return { token: joined, codes: [...codes] }
}
